# Weighted difference-in-differences, event study and effects by segment on the panel of ../did:
# lm with unit and period dummies, sandwich::vcovCL by unit. Run here: Rscript make.R
suppressMessages({library(sandwich); library(lmtest)})
panel <- read.csv("../did/panel.csv")
id <- as.integer(sub("h", "", panel$customer_id))
panel$w <- ifelse(id %% 7 == 0, 0, .5 + (id %% 5) / 2)      # some units weigh nothing
panel$segment <- c("a", "b", "c")[id %% 3 + 1]
panel$time <- factor(panel$period)
write.csv(unique(data.frame(customer_id = panel$customer_id, weight = panel$w, segment = panel$segment)),
          "units.csv", row.names = FALSE, quote = FALSE)

# vcovCL counts the unit dummies among the regressors K; they are nested in the clusters, so
# the factor (N - 1) / (N - K) is put in without them (cadjust gives G / (G - 1)).
rescaled <- function(fit, d, K) {
  N <- nrow(d)
  vcovCL(fit, cluster = d$customer_id, type = "HC0", cadjust = TRUE) * (N - 1) / (N - K)
}
out <- c()
for (kind in c("equal", "weighted")) {
  d <- if (kind == "equal") transform(panel, w = 1) else panel[panel$w > 0, ]
  d$did <- d$treated * d$post
  fit <- lm(revenue ~ did + customer_id + time, d, weights = w)
  V <- rescaled(fit, d, 1 + 5); G <- length(unique(d$customer_id))
  b <- coef(fit)["did"]; se <- sqrt(V["did", "did"])
  ci <- b + c(-1, 1) * qt(.975, G - 1) * se
  one <- c(effect = unname(b), se = se, lower = ci[1], upper = ci[2])

  names <- c()
  for (k in c(-4, -3, -2, 0, 1)) {
    name <- paste0("at", if (k < 0) "m" else "p", abs(k)); names <- c(names, name)
    d[[name]] <- d$treated * (d$period == k)
  }
  event <- lm(reformulate(c(names, "customer_id", "time"), "revenue"), d, weights = w)
  V <- rescaled(event, d, 5 + 5)[names, names]
  b <- coef(event)[names]
  one <- c(one, setNames(b, names), setNames(sqrt(diag(V)), paste0("se_", names)),
           covariance = V["atm4", "atp1"])
  f <- function(s) drop(t(b[s]) %*% solve(V[s, s]) %*% b[s]) / length(s)
  one <- c(one, before_f = f(1:3), before_p = pf(f(1:3), 3, G - 1, lower.tail = FALSE),
           after_f = f(4:5), after_p = pf(f(4:5), 2, G - 1, lower.tail = FALSE))
  # As sandwich has it with all dummies counted: for the ratio to the project's factor.
  one <- c(one, hc1 = sqrt(vcovCL(fit, cluster = d$customer_id, type = "HC1")["did", "did"]),
           n_regressors = length(coef(fit)), n_rows = nrow(d))

  pre <- d[d$post == 0, ]; pre$drift <- pre$treated * pre$period
  slope <- lm(revenue ~ drift + customer_id + time, pre, weights = w)
  one <- c(one, slope = unname(coef(slope)["drift"]), slope_se = sqrt(rescaled(slope, pre, 1 + 3)["drift", "drift"]))

  for (s in c("a", "b", "c")) d[[paste0("did_", s)]] <- d$did * (d$segment == s)
  terms <- paste0("did_", c("a", "b", "c"))
  by <- lm(reformulate(c(terms, "customer_id", "time:segment"), "revenue"), d, weights = w)
  terms <- terms[!is.na(coef(by)[terms])]
  V <- rescaled(by, d, 3 + 3 * 5)[terms, terms]; b <- coef(by)[terms]
  L <- rbind(c(1, -1, 0), c(0, 1, -1))
  wald <- drop(t(L %*% b) %*% solve(L %*% V %*% t(L)) %*% (L %*% b)) / 2
  one <- c(one, setNames(b, terms), setNames(sqrt(diag(V)), paste0("se_", terms)),
           equal_f = wald, equal_p = pf(wald, 2, G - 1, lower.tail = FALSE))
  out <- c(out, setNames(one, paste0(kind, ".", names(one))))
}
write.csv(data.frame(quantity = names(out), value = format(unname(out), digits = 15, trim = TRUE)),
          "expected.csv", row.names = FALSE, quote = FALSE)
cat(R.version.string, "; sandwich", as.character(packageVersion("sandwich")), "\n")
