# Random judgement matrices of 3 to 15 names, half of them near consistent and half pure chance,
# solved by base R's eigen() (LAPACK).
# Run in this folder: Rscript make_random.R
# Writes random_judgements.csv (upper triangles) and expected_random.csv.

set.seed(20261123)
scale <- c(1 / (9:2), 1:9)
written <- c(paste0("1/", 9:2), 1:9)
ri_2005 <- c(0, 0, .52, .89, 1.11, 1.25, 1.35, 1.40, 1.45, 1.49, 1.52, 1.54, 1.56, 1.58, 1.59)

draw <- function(n, noise) {
  weights <- rgamma(n, 3)
  a <- diag(n)
  at <- matrix(1L, n, n)
  for (i in seq_len(n - 1)) for (j in (i + 1):n) {
    k <- if (is.na(noise)) sample(17, 1) else
      which.min(abs(log(scale) - log(weights[i] / weights[j]) - rnorm(1, 0, noise)))
    a[i, j] <- scale[k]
    a[j, i] <- 1 / scale[k]
    at[i, j] <- k
  }
  list(a = a, at = at)
}

one_matrix <- function(name, n, noise) {
  drawn <- draw(n, noise)
  a <- drawn$a
  pairs <- which(upper.tri(a), arr.ind = TRUE)
  pairs <- pairs[order(pairs[, 1], pairs[, 2]), , drop = FALSE]
  e <- eigen(a)
  at <- which.max(Re(e$values))
  lambda <- Re(e$values[at])
  ci <- (lambda - n) / (n - 1)
  w <- Re(e$vectors[, at]) / sum(Re(e$vectors[, at]))
  # All triads: how far the indirect judgement is from the direct one.
  triads <- combn(n, 3)
  off <- apply(triads, 2, function(t) abs(log(a[t[1], t[2]] * a[t[2], t[3]] / a[t[1], t[3]])))
  circles <- sum(apply(triads, 2, function(t) {
    round <- c(a[t[1], t[2]], a[t[2], t[3]], a[t[3], t[1]])
    all(round > 1) || all(round < 1)
  }))
  list(
    judged = data.frame(expert = "R", matrix = name, row = sprintf("c%02d", pairs[, 1]),
                        column = sprintf("c%02d", pairs[, 2]), value = written[drawn$at[pairs]]),
    expected = data.frame(matrix = name, quantity = c("lambda_max", "cr_2005", "worst_triad",
                          "gci_of_triads", "circles", rep("eigenvector", n)),
                          name = c(rep("", 5), sprintf("c%02d", seq_len(n))),
                          value = c(lambda, ci / ri_2005[n], exp(max(off)), mean(off^2) / 3, circles, w))
  )
}

cases <- rbind(expand.grid(n = 3:15, noise = .35), expand.grid(n = 3:15, noise = NA))
found <- lapply(seq_len(nrow(cases)), function(k) {
  kind <- if (is.na(cases$noise[k])) "chance" else "near"
  one_matrix(paste0(kind, cases$n[k]), cases$n[k], cases$noise[k])
})
write.csv(do.call(rbind, lapply(found, `[[`, "judged")), "random_judgements.csv",
          row.names = FALSE, quote = FALSE)
expected <- do.call(rbind, lapply(found, `[[`, "expected"))
expected$value <- formatC(expected$value, digits = 17, format = "g")
write.csv(expected, "expected_random.csv", row.names = FALSE, quote = FALSE)
