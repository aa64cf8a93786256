# Early against late respondents, and respondents against the frame, in base R.
# Run here: Rscript make.R (R 4.2.2)
set.seed(5)
n <- 90
d <- data.frame(late = rep(c(FALSE, TRUE), c(52, 38)))
d$a <- round(6 + rnorm(n), 0); d$b <- round(5 + .9 * d$late + 1.4 * rnorm(n), 0)
d$c <- round(7 + .1 * d$late + .5 * rnorm(n), 1)
d$a[c(3, 60)] <- NA
write.csv(d, "answers.csv", row.names = FALSE)
rows <- list()
put <- function(case, quantity, value) {
  rows[[length(rows) + 1]] <<- data.frame(
    case = case, quantity = quantity, value = format(unname(value), digits = 15, trim = TRUE))
}
p <- c()
for (item in c("a", "b", "c")) {
  x <- d[[item]][d$late]; y <- d[[item]][!d$late]; x <- x[!is.na(x)]; y <- y[!is.na(y)]
  t <- t.test(x, y); p[item] <- t$p.value
  sd <- sqrt(((length(x) - 1) * var(x) + (length(y) - 1) * var(y)) / (length(x) + length(y) - 2))
  put(item, "difference", mean(x) - mean(y))
  put(item, "lower", t$conf.int[1]); put(item, "upper", t$conf.int[2]); put(item, "p", t$p.value)
  put(item, "d", (mean(x) - mean(y)) / sd)
  put(item, "p_equivalence", max(
    t.test(x, y, mu = -.2 * sd, alternative = "greater")$p.value,
    t.test(x, y, mu = .2 * sd, alternative = "less")$p.value))
}
for (item in names(p)) put(item, "p_holm", p.adjust(p, "holm")[item])
# Respondents against known shares, and against a frame they are part of.
fit <- chisq.test(c(31, 48, 21), p = c(.4, .35, .25))
put("shares", "chi2", fit$statistic); put("shares", "p", fit$p.value)
put("shares", "cramer_v", sqrt(fit$statistic / (100 * 2)))
# Frame of 300: chi-squared of the two-by-three table times (N - 1) / N is the corrected one.
two <- chisq.test(rbind(c(31, 48, 21), c(89, 57, 54)), correct = FALSE)
put("frame", "chi2", two$statistic * 299 / 300)
# Wilson's interval is prop.test without its correction.
for (k in c(0, 37, 120)) {
  ci <- prop.test(k, 120, correct = FALSE)$conf.int
  put(paste0("wilson", k), "lower", ci[1]); put(paste0("wilson", k), "upper", ci[2])
}
write.csv(do.call(rbind, rows), "expected.csv", row.names = FALSE)
cat(R.version.string, "\n")
