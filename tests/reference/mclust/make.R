# Gaussian mixtures in R. Run here: Rscript make.R
suppressMessages(library(mclust))

points <- scale(as.matrix(iris[1:4]))
rows <- list()
say <- function(k, quantity, value) {
  rows[[length(rows) + 1]] <<- data.frame(k = k, quantity = quantity,
                                          value = format(value, digits = 15, trim = TRUE))
}
for (k in 1:4) {
  fit <- Mclust(points, G = k, modelNames = "VVV", verbose = FALSE,
                control = emControl(tol = c(1e-12, 1e-12), itmax = 1e5))
  say(k, "loglik", fit$loglik)
  say(k, "parameters", fit$df)
  say(k, "bic", -fit$bic) # mclust gives 2 loglik - df log n
  for (j in seq_len(k)) {
    say(k, paste0("weight_", j), fit$parameters$pro[j])
    for (a in 1:4) {
      say(k, paste0("mean_", j, "_", a), as.matrix(fit$parameters$mean)[a, j])
      for (b in 1:4) say(k, paste0("cov_", j, "_", a, "_", b),
                         fit$parameters$variance$sigma[a, b, j])
    }
  }
}
write.csv(do.call(rbind, rows), "expected.csv", row.names = FALSE, quote = FALSE)
cat(R.version.string, "; mclust", as.character(packageVersion("mclust")), "\n")
