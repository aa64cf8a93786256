# Little's (1988) test on R's airquality and on survey answers of our own: moments by
# lavaan's EM of the saturated model, then equation (5) of the paper. Run here: Rscript make.R
suppressMessages(library(lavaan))

little <- function(d) {
  model <- paste(combn(names(d), 2, function(p) paste(p[1], "~~", p[2])), collapse = "\n")
  fit <- lavaan(model, d, missing = "ml", meanstructure = TRUE, int.ov.free = TRUE,
                auto.var = TRUE, do.fit = FALSE, em.h1.tol = 1e-12, em.h1.iter.max = 10000)
  moments <- lavInspect(fit, "sampstat")
  mu <- moments$mean[names(d)]
  sigma <- moments$cov[names(d), names(d)]
  pattern <- apply(!is.na(d), 1, function(seen) paste(as.integer(seen), collapse = ""))
  parts <- lapply(split(d, pattern), function(rows) {
    seen <- which(!is.na(rows[1, ]))
    gap <- colMeans(rows[, seen, drop = FALSE]) - mu[seen]
    c(nrow(rows) * sum(gap * solve(sigma[seen, seen], gap)), length(seen))
  })
  sums <- Reduce(`+`, parts)
  df <- sums[2] - ncol(d)
  data.frame(statistic = sums[1], df = df, p_value = pchisq(sums[1], df, lower.tail = FALSE),
             patterns = length(parts))
}

RNGkind("Mersenne-Twister", "Inversion", "Rejection")
set.seed(88)
answers <- as.data.frame(round(pmin(pmax(
  6 + matrix(rnorm(180 * 4), 180) %*% chol(matrix(.5, 4, 4) + diag(.5, 4)) * 2, 1), 10)))
names(answers) <- c("A1", "A2", "B1", "B2")
answers[matrix(runif(180 * 4) < .08, 180)] <- NA
answers$B2[answers$A1 %in% 8:10 & runif(180) < .4] <- NA
answers <- answers[rowSums(!is.na(answers)) > 0, ]
write.csv(airquality, "airquality.csv", row.names = FALSE, quote = FALSE)
write.csv(answers, "answers.csv", row.names = FALSE, quote = FALSE)

expected <- rbind(cbind(data = "airquality", little(airquality)),
                  cbind(data = "answers", little(answers)))
write.csv(format(expected, digits = 12, trim = TRUE), "expected.csv", row.names = FALSE, quote = FALSE)
