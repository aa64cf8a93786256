# Optimal completions of incomplete pairwise comparison matrices by general minimisers of base R.
# Run in this folder: Rscript make.R
# Reads judgements.csv, writes expected.csv.

long <- read.csv("judgements.csv", colClasses = "character")

one_matrix <- function(matrix) {
  pairs <- long[long$matrix == matrix, ]
  names <- unique(as.vector(rbind(pairs$row, pairs$column)))
  n <- length(names)
  a <- matrix(NA_real_, n, n, dimnames = list(names, names))
  diag(a) <- 1
  value <- vapply(pairs$value, function(one) eval(parse(text = one)), 0)
  a[cbind(pairs$row, pairs$column)] <- value
  a[cbind(pairs$column, pairs$row)] <- 1 / value
  open <- which(is.na(a) & upper.tri(a), arr.ind = TRUE)
  fill <- function(logs) {
    b <- a
    b[open] <- exp(logs)
    b[open[, 2:1, drop = FALSE]] <- exp(-logs)
    b
  }
  lambda <- function(logs) max(Re(eigen(fill(logs), only.values = TRUE)$values))
  # Logarithms of weights by least squares over the known pairs; the first weight is 1.
  design <- matrix(0, nrow(pairs), n, dimnames = list(NULL, names))
  design[cbind(seq_len(nrow(pairs)), match(pairs$row, names))] <- 1
  design[cbind(seq_len(nrow(pairs)), match(pairs$column, names))] <- -1
  logs <- c(0, lm.fit(design[, -1, drop = FALSE], log(value))$coefficients)
  fitted <- logs[open[, 1]] - logs[open[, 2]]
  best <- fitted
  # Restarted, so that a search which stopped early goes on.
  for (round in 1:6) {
    best <- optim(best, lambda, method = "BFGS", control = list(reltol = 1e-16, maxit = 1000))$par
  }
  cells <- function(rule, values) {
    data.frame(matrix, rule, row = names[open[, 1]], column = names[open[, 2]],
               value = format(exp(values), digits = 17))
  }
  rbind(
    cells("eigenvalue", best),
    cells("log_least_squares", fitted),
    data.frame(matrix, rule = c("eigenvalue", "log_least_squares"), row = "lambda_max", column = "",
               value = format(c(lambda(best), lambda(fitted)), digits = 17))
  )
}

expected <- do.call(rbind, lapply(unique(long$matrix), one_matrix))
expected <- rbind(expected, data.frame(matrix = "", rule = "", row = "R", column = "",
                                       value = as.character(getRversion())))
write.csv(expected, "expected.csv", row.names = FALSE, quote = FALSE)
