# Bowker, Stuart-Maxwell, Pearson with Cramer's V, weighted kappa and Yeo-Johnson in R.
# Rscript make.R > expected.csv
options(digits = 15)
suppressPackageStartupMessages({library(psych); library(car)})
vision <- matrix(c(1520, 266, 124, 66, 234, 1512, 432, 78, 117, 362, 1772, 205, 36, 82, 179, 492),
                 4, byrow = TRUE)
moves <- matrix(c(40, 9, 3, 0, 1, 12, 31, 8, 2, 2, 5, 11, 22, 7, 4, 1, 3, 6, 18, 9, 0, 2, 1, 14, 27),
                5, byrow = TRUE)
out <- function(table, quantity, value) cat(sprintf("%s,%s,%.15g\n", table, quantity, value))
cat("table,quantity,value\n")
for (name in c("vision", "moves")) {
  x <- get(name)
  b <- mcnemar.test(x, correct = FALSE)
  out(name, "bowker", b$statistic); out(name, "bowker_df", b$parameter); out(name, "bowker_p", b$p.value)
  k <- nrow(x) - 1
  d <- (rowSums(x) - colSums(x))[1:k]
  S <- (diag(rowSums(x) + colSums(x)) - x - t(x))[1:k, 1:k]
  q <- drop(t(d) %*% solve(S) %*% d)
  out(name, "stuart_maxwell", q); out(name, "stuart_maxwell_df", k)
  out(name, "stuart_maxwell_p", pchisq(q, k, lower.tail = FALSE))
  p <- suppressWarnings(chisq.test(x, correct = FALSE))
  out(name, "pearson", p$statistic); out(name, "pearson_df", p$parameter)
  out(name, "cramers_v", sqrt(p$statistic / sum(x) / k))
  out(name, "kappa", suppressWarnings(cohen.kappa(x))$weighted.kappa)
}
# the exponent of Yeo and Johnson by maximum likelihood, from car
y <- c(1, 1, 1, 2, 2, 3, 3, 4, 5, 7, 9, 14, 22, 40, 75)
f <- function(l) { z <- yjPower(y, l); n <- length(y)
  -n / 2 * log(sum((z - mean(z))^2) / n) + (l - 1) * sum(sign(y) * log(abs(y) + 1)) }
out("yeo_johnson", "exponent", optimize(f, c(-3, 3), maximum = TRUE, tol = 1e-12)$maximum)
out("yeo_johnson", "first_at_half", yjPower(y[1], 0.5)); out("yeo_johnson", "last_at_half", yjPower(y[15], 0.5))
