# A synthetic experiment: Welch's test, Lin's regression with HC2 errors, Wald's ratio by 2SLS.
suppressMessages({library(sandwich); library(AER)})
set.seed(8)
n <- 240
treated <- rbinom(n, 1, .45)
x1 <- rgamma(n, 1.5, .1); x2 <- rbinom(n, 1, .4)
responded <- treated * rbinom(n, 1, .3 + .2 * x2)
y <- .6 * x1 + 5 * x2 + rexp(n, .1) + 8 * responded
d <- data.frame(id = sprintf("c%03d", 1:n), treated, x1 = round(x1, 4), x2, responded, y = round(y, 4))
write.csv(d, "customers.csv", row.names = FALSE, quote = FALSE)
w <- t.test(y ~ factor(treated, levels = c(1, 0)), data = d)
d$c1 <- d$x1 - mean(d$x1); d$c2 <- d$x2 - mean(d$x2)
lin <- lm(y ~ treated * (c1 + c2), data = d)
hc2 <- sqrt(diag(vcovHC(lin, "HC2")))["treated"]
cu <- lm(y ~ x1, data = d)
theta <- coef(cu)["x1"]
d$z <- d$y - theta * d$c1
wc <- t.test(z ~ factor(treated, levels = c(1, 0)), data = d)
iv <- ivreg(y ~ responded | treated, data = d)
out <- data.frame(
  estimator = c("welch", "cuped", "lin", "wald"),
  estimate = c(diff(rev(w$estimate)), diff(rev(wc$estimate)), coef(lin)["treated"], coef(iv)["responded"]),
  standard_error = c(w$stderr, wc$stderr, hc2, NA),
  degrees = c(w$parameter, wc$parameter, lin$df.residual, NA),
  lower = c(w$conf.int[1], wc$conf.int[1], NA, NA), upper = c(w$conf.int[2], wc$conf.int[2], NA, NA),
  p_value = c(w$p.value, wc$p.value, NA, NA))
# 2SLS with HC2-like group variances: residuals by arm, each with its own n - 1.
e <- residuals(iv)
share <- mean(d$responded[d$treated == 1]) - mean(d$responded[d$treated == 0])
out$standard_error[4] <- sqrt(var(e[d$treated == 1]) / sum(d$treated) + var(e[d$treated == 0]) / sum(1 - d$treated)) / share
for (k in 2:7) out[[k]] <- sprintf("%.12g", out[[k]])
write.csv(out, "expected.csv", row.names = FALSE, quote = FALSE)
