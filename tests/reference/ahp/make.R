# Weights and consistency of pairwise comparison matrices by base R's eigen() (LAPACK).
# Run in this folder: Rscript make.R
# Reads judgements.csv, writes expected.csv.

long <- read.csv("judgements.csv", colClasses = "character")
ri_1980 <- c(0, 0, .58, .90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49)
ri_2005 <- c(0, 0, .52, .89, 1.11, 1.25, 1.35, 1.40, 1.45, 1.49, 1.52, 1.54, 1.56, 1.58, 1.59)

number <- function(text) vapply(text, function(one) eval(parse(text = one)), 0, USE.NAMES = FALSE)

square <- function(pairs) {
  names <- unique(as.vector(rbind(pairs$row, pairs$column)))
  a <- diag(length(names))
  dimnames(a) <- list(names, names)
  a[cbind(pairs$row, pairs$column)] <- number(pairs$value)
  a[cbind(pairs$column, pairs$row)] <- 1 / number(pairs$value)
  a
}

one_matrix <- function(matrix) {
  a <- square(long[long$matrix == matrix, ])
  n <- nrow(a)
  e <- eigen(a)
  at <- which.max(Re(e$values))
  lambda <- Re(e$values[at])
  eigenvector <- Re(e$vectors[, at]) / sum(Re(e$vectors[, at]))
  geometric <- apply(a, 1, prod)^(1 / n)
  geometric <- geometric / sum(geometric)
  column <- rowMeans(sweep(a, 2, colSums(a), "/"))
  log_error <- log(a * outer(1 / geometric, geometric))
  gci <- 2 / ((n - 1) * (n - 2)) * sum(log_error[upper.tri(a)]^2)
  ci <- (lambda - n) / (n - 1)
  rows <- data.frame(
    matrix = matrix,
    quantity = c("lambda_max", "ci", "cr_1980", "cr_2005", "gci"),
    name = "",
    value = c(lambda, ci, if (n <= 10) ci / ri_1980[n] else NA, ci / ri_2005[n], gci)
  )
  # The textbook's estimate of lambda_max from the two means.
  estimate <- function(w) mean((a %*% w) / w)
  rows <- rbind(rows, data.frame(
    matrix = matrix, quantity = c("lambda_geometric", "lambda_column"), name = "",
    value = c(estimate(geometric), estimate(column))
  ))
  for (method in c("eigenvector", "geometric", "column")) {
    rows <- rbind(rows, data.frame(
      matrix = matrix, quantity = method, name = rownames(a), value = get(method)
    ))
  }
  rows
}

expected <- do.call(rbind, lapply(unique(long$matrix), one_matrix))
expected <- expected[!is.na(expected$value), ]
expected$value <- formatC(expected$value, digits = 17, format = "g")
write.csv(expected, "expected.csv", row.names = FALSE, quote = FALSE)
