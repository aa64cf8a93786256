# Waits with ties, open tickets and customers with several tickets: survival's curves and tests.
library(survival)
set.seed(4)
n <- 160
after <- rep(0:1, each = n / 2)
customer <- sample(1:60, n, replace = TRUE)
hours <- pmax(round(exp(rnorm(n, log(8) - .6 * after, .8)), 1), .1)
open <- runif(n) < .1
d <- data.frame(ticket = 1:n, customer, after, hours, done = as.integer(!open))
write.csv(d, "tickets.csv", row.names = FALSE, quote = FALSE)
km <- survfit(Surv(hours, done) ~ after, data = d, conf.type = "none")
q <- quantile(km, c(.25, .5, .75, .9))
rmst <- summary(km, rmean = 20)$table[, "rmean"]
cox <- coxph(Surv(hours, done) ~ after, data = d, cluster = customer, ties = "efron")
ci <- confint(cox)
lr <- survdiff(Surv(hours, done) ~ after, data = d)
out <- rbind(
  data.frame(quantity = paste0("quantile_", rep(c(.25, .5, .75, .9), each = 2), "_", 0:1), value = as.numeric(q)),
  data.frame(quantity = c("mean20_0", "mean20_1"), value = as.numeric(rmst)),
  data.frame(quantity = c("hazard_ratio", "hazard_lower", "hazard_upper"), value = exp(c(coef(cox), ci))),
  data.frame(quantity = c("log_rank", "peto"), value = c(lr$chisq, survdiff(Surv(hours, done) ~ after, data = d, rho = 1)$chisq)))
out$value <- sprintf("%.12g", out$value)
write.csv(out, "expected.csv", row.names = FALSE, quote = FALSE)
