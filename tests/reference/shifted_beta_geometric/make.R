# The shifted-beta-geometric model in base R (Nelder-Mead, then BFGS), the discounted expected
# residual lifetime by GSL's hypergeometric function, Kaplan-Meier by survival, Wilson's
# interval by prop.test. Writes name,value lines with 12 significant digits.
suppressMessages({library(survival); library(gsl)})
say <- function(name, value) cat(sprintf("%s,%.12g\n", name, value), sep = "")

log_likelihood <- function(g, d, times, ended, running) {
  # P(T = t) = B(g + 1, d + t - 1) / B(g, d);  S(t) = B(g, d + t) / B(g, d)
  sum(ended * (lbeta(g + 1, d + times - 1) - lbeta(g, d))) +
    sum(running * (lbeta(g, d + times) - lbeta(g, d)))
}
fit <- function(times, ended, running) {
  loss <- function(p) -log_likelihood(exp(p[1]), exp(p[2]), times, ended, running)
  found <- optim(c(0, 1), loss, control = list(reltol = 1e-15, maxit = 5000))
  found <- optim(found$par, loss, method = "BFGS", hessian = TRUE,
                 control = list(reltol = 1e-16, maxit = 5000))
  list(p = exp(found$par), ll = -found$value)
}

cat("name,value\n")
cohorts <- list(
  high_end = c(1000, 869, 743, 653, 593, 551, 517, 491),
  regular = c(1000, 631, 468, 382, 326, 289, 262, 241))
for (name in names(cohorts)) {
  left <- cohorts[[name]]
  f <- fit(1:7, -diff(left), c(rep(0, 6), left[8]))
  say(paste0(name, "_gamma"), f$p[1]); say(paste0(name, "_delta"), f$p[2])
  say(paste0(name, "_log_likelihood"), f$ll)
}
# residual lifetime just before renewal n of a contract renewed n - 1 times (2010)
for (case in list(c(0.668, 3.806), c(3.8, 15.2), c(0.067, 0.267), c(2, 7))) {
  for (discount in c(0.1, 0.5)) for (n in c(1, 2, 5)) {
    g <- case[1]; d <- case[2]
    value <- (d + n - 1) / (g + d + n - 1) * hyperg_2F1(1, d + n, g + d + n, 1 / (1 + discount))
    say(sprintf("residual_%g_%g_%g_%d", g, d, discount, n), value)
  }
}
# single contracts: renewals so far and whether ended, by a rule that both sides can write down
i <- 0:199
renewals <- (i %/% 20) * ((i %/% 20) %/% 7) + (i %% 2)
ended <- (i * 7) %% 5 < 3
times <- ifelse(ended, renewals + 1, renewals)
f <- fit(times, as.numeric(ended), as.numeric(!ended))
say("single_gamma", f$p[1]); say("single_delta", f$p[2]); say("single_log_likelihood", f$ll)
s <- summary(survfit(Surv(times, ended) ~ 1, conf.type = "log-log"), times = 1:10)
for (t in 1:10) {
  say(sprintf("survival_%d", t), s$surv[t])
  say(sprintf("survival_lower_%d", t), s$lower[t])
  say(sprintf("survival_upper_%d", t), s$upper[t])
  at_risk <- sum(times >= t); lost <- sum(times == t & ended)
  say(sprintf("at_risk_%d", t), at_risk)
  limits <- prop.test(at_risk - lost, at_risk, correct = FALSE)$conf.int
  say(sprintf("retention_lower_%d", t), limits[1]); say(sprintf("retention_upper_%d", t), limits[2])
}
