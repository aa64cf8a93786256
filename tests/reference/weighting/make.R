# Post-stratification and raking. Run here: Rscript make.R (survey 4.1-1, R 4.2.2)
suppressMessages(library(survey))
set.seed(7)
n <- 160
d <- data.frame(region = sample(c("east", "north", "west"), n, TRUE, c(.5, .2, .3)),
                sex = sample(c("f", "m"), n, TRUE, c(.65, .35)))
d$satisfaction <- round(6 + (d$region == "west") + .8 * (d$sex == "m") + rnorm(n), 0)
d$spend <- round(exp(4 + .5 * (d$region == "north") + rnorm(n)), 2)
d$satisfaction[c(5, 40, 77)] <- NA
d$visit <- paste0("v", rep(1:40, each = 4))
d$points <- pmin(pmax(round(3 + rnorm(n)), 0), 5)
d$possible <- rep(c(5, 5, 10, 5), 40)
write.csv(d, "sample.csv", row.names = FALSE)
rows <- list()
put <- function(case, quantity, value) {
  rows[[length(rows) + 1]] <<- data.frame(
    case = case, quantity = quantity, value = format(value, digits = 15, trim = TRUE))
}
region <- data.frame(region = c("east", "north", "west"), Freq = c(.4, .35, .25) * n)
sex <- data.frame(sex = c("f", "m"), Freq = c(.5, .5) * n)
cells <- expand.grid(region = region$region, sex = sex$sex, stringsAsFactors = FALSE)
cells$Freq <- c(.22, .15, .12, .18, .20, .13) * n
plain <- suppressWarnings(svydesign(ids = ~1, data = d)); fixed <- function(w)
  svydesign(ids = ~1, weights = w, data = d)
designs <- list(
  one = postStratify(plain, ~region, region),
  crossed = postStratify(plain, ~region + sex, cells),
  raked = calibrate(plain, list(~region, ~sex), list(region, sex), calfun = "raking",
                    epsilon = 1e-14, maxit = 500))
ipf <- rake(plain, list(~region, ~sex), list(region, sex),
            control = list(maxit = 500, epsilon = 1e-12))
for (name in names(designs)) {
  w <- unname(weights(designs[[name]])); w <- w / mean(w)
  for (i in c(1, 2, 3, 10, 50, 160)) put(name, paste0("weight_", i), w[i])
  put(name, "kish", n * sum(w^2) / sum(w)^2)
  for (v in c("satisfaction", "spend")) {
    own <- svymean(as.formula(paste0("~", v)), designs[[name]], na.rm = TRUE)
    put(name, paste0(v, "_mean"), coef(own)[[1]]); put(name, paste0(v, "_se"), SE(own)[[1]])
    flat <- svymean(as.formula(paste0("~", v)), fixed(w), na.rm = TRUE)
    put(name, paste0(v, "_se_fixed"), SE(flat)[[1]])
  }
}
w <- unname(weights(ipf)); w <- w / mean(w)
for (i in c(1, 2, 3, 10, 50, 160)) put("ipf", paste0("weight_", i), w[i])
cut <- trimWeights(fixed(w), upper = 1.3, lower = 1 / 1.3, strict = TRUE)
for (i in c(1, 2, 3, 10, 50, 160)) put("trimmed", paste0("weight_", i), unname(weights(cut))[i])
# Shares of the maximum, clustered by visit.
visits <- suppressWarnings(svydesign(ids = ~visit, data = d))
share <- svyratio(~points, ~possible, visits)
put("visits", "share", coef(share)[[1]]); put("visits", "se", SE(share)[[1]])
write.csv(do.call(rbind, rows), "expected.csv", row.names = FALSE)
cat(R.version.string, "survey", as.character(packageVersion("survey")), "\n")
