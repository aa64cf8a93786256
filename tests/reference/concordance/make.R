# Kendall's W from base R's friedman.test (chi-squared corrected for ties, = m (n - 1) W),
# and exact p-values by running through all orders each judge could give.
# Run in this folder: Rscript make.R
# Reads weights.csv (panel, judge, object, weight), writes expected.csv.

long <- read.csv("weights.csv", colClasses = c("character", "character", "character", "numeric"))

orders <- function(x) {
  if (length(x) <= 1) return(matrix(x, 1))
  do.call(rbind, lapply(seq_along(x), function(i) cbind(x[i], orders(x[-i]))))
}

exact <- function(ranks) {
  spread <- function(s) sum((s - mean(s))^2)
  sums <- ranks[1, , drop = FALSE]
  for (judge in 2:nrow(ranks)) {
    given <- orders(ranks[judge, ])
    sums <- do.call(rbind, lapply(seq_len(nrow(given)), function(k) sweep(sums, 2, given[k, ], "+")))
  }
  mean(apply(sums, 1, spread) >= spread(colSums(ranks)) - 1e-9)
}

one <- function(panel) {
  rows <- long[long$panel == panel, ]
  table <- tapply(rows$weight, list(rows$judge, rows$object), identity)
  test <- friedman.test(table)
  m <- nrow(table)
  n <- ncol(table)
  ranks <- t(apply(-table, 1, rank))
  small <- factorial(n)^(m - 1) <= 600000
  data.frame(
    panel = panel, n_judges = m, n_objects = n,
    w = unname(test$statistic) / (m * (n - 1)), chi2 = unname(test$statistic),
    p_chi2 = test$p.value, p_exact = if (small) exact(ranks) else NA
  )
}

result <- do.call(rbind, lapply(unique(long$panel), one))
write.csv(format(result, digits = 15, trim = TRUE), "expected.csv", row.names = FALSE, quote = FALSE)
