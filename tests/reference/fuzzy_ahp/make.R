# Fuzzy weights by Buckley (1985) and Chang (1996), from their formulas, in plain loops.
# Run in this folder: Rscript make.R
# Reads ../ahp/judgements.csv, writes expected.csv.

long <- read.csv("../ahp/judgements.csv", colClasses = "character")
number <- function(text) vapply(text, function(one) eval(parse(text = one)), 0, USE.NAMES = FALSE)

# A judgement m of 2 or more is (m - 1, m, m + 1), kept up to 9; 1 is (1/2, 1, 2).
fuzzy <- function(m) {
  if (m >= 2) c(m - 1, m, min(m + 1, 9)) else if (m == 1) c(1 / 2, 1, 2) else 1 / rev(fuzzy(round(1 / m)))
}

one_matrix <- function(matrix) {
  pairs <- long[long$matrix == matrix, ]
  names <- unique(as.vector(rbind(pairs$row, pairs$column)))
  n <- length(names)
  a <- array(1, c(n, n, 3))
  for (k in seq_len(nrow(pairs))) {
    i <- match(pairs$row[k], names)
    j <- match(pairs$column[k], names)
    a[i, j, ] <- fuzzy(number(pairs$value[k]))
    a[j, i, ] <- 1 / rev(a[i, j, ])
  }
  # Buckley: r_i = (product of row i)^(1/n); w_i = r_i times the inverse of their sum.
  r <- t(sapply(seq_len(n), function(i) apply(a[i, , ], 2, prod)^(1 / n)))
  total <- colSums(r)
  w <- cbind(r[, 1] / total[3], r[, 2] / total[2], r[, 3] / total[1])
  buckley <- rowSums(w) / 3
  buckley <- buckley / sum(buckley)
  # Chang: S_i = sum of row i times the inverse of the sum of all; V(S_i >= S_k); min; normalised.
  rows <- t(sapply(seq_len(n), function(i) colSums(a[i, , ])))
  total <- colSums(rows)
  s <- cbind(rows[, 1] / total[3], rows[, 2] / total[2], rows[, 3] / total[1])
  v <- matrix(1, n, n)
  for (i in seq_len(n)) for (k in seq_len(n)) {
    v[i, k] <- if (s[i, 2] >= s[k, 2] - 1e-12) 1 else if (s[k, 1] >= s[i, 3]) 0 else
      (s[k, 1] - s[i, 3]) / ((s[i, 2] - s[i, 3]) - (s[k, 2] - s[k, 1]))
  }
  chang <- apply(v, 1, min)
  chang <- chang / sum(chang)
  data.frame(
    matrix = matrix, name = names,
    quantity = rep(c("lower", "middle", "upper", "buckley", "extent_lower", "extent_middle",
                     "extent_upper", "chang"), each = n),
    value = c(w, buckley, s, chang)
  )
}

expected <- do.call(rbind, lapply(unique(long$matrix), one_matrix))
expected$value <- formatC(expected$value, digits = 17, format = "g")
write.csv(expected, "expected.csv", row.names = FALSE, quote = FALSE)
