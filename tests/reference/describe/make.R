# Descriptions in base R: moments, quantiles, intervals; Wilson's interval is
# prop.test without continuity correction. Run here: Rscript make.R
values <- list(
  skewed = c(3, 1, 4, 1, 5, 9, 2, 6, 5, 35, 8, 9, 7, 9, 3, 2, 3, 8),
  small = c(0.5, -1.25, 7))
describe <- function(x) {
  n <- length(x); ci <- t.test(x)$conf.int
  g1 <- mean((x - mean(x))^3) / mean((x - mean(x))^2)^1.5
  c(n = n, mean = mean(x), lower = ci[1], upper = ci[2], sd = sd(x), median = median(x),
    iqr = IQR(x), minimum = min(x), maximum = max(x),
    skewness = g1 * sqrt(n * (n - 1)) / (n - 2))
}
rows <- list()
for (name in names(values)) {
  out <- describe(values[[name]])
  rows[[name]] <- data.frame(part = name, quantity = names(out), value = unname(out))
}
for (pair in list(c(0, 7), c(3, 10), c(45, 288), c(801, 801))) {
  ci <- prop.test(pair[1], pair[2], correct = FALSE)$conf.int
  part <- paste(pair, collapse = "/")
  rows[[part]] <- data.frame(part = part, quantity = c("lower", "upper"), value = ci[1:2])
}
result <- do.call(rbind, rows)
result$value <- format(result$value, digits = 15, trim = TRUE)
write.csv(result, "expected.csv", row.names = FALSE, quote = FALSE)
cat(R.version.string, "\n")
