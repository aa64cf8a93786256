options(digits = 15)
suppressPackageStartupMessages(library(survival))
out <- function(case, quantity, value) cat(sprintf("%s,%s,%.15g\n", case, quantity, value))
cat("case,quantity,value\n")
study <- function(case, time, event, group, covariates) {
  f <- survfit(Surv(time, event) ~ 1, conf.type = "log-log")
  for (at in unique(quantile(time, c(0, .1, .25, .5, .75), type = 1))) {
    s <- summary(f, times = at)
    out(case, paste0("share at ", at), s$surv)
    out(case, paste0("lower at ", at), s$lower)
    out(case, paste0("upper at ", at), s$upper)
    out(case, paste0("risk at ", at), s$n.risk)
  }
  m <- summary(f)$table
  out(case, "median", m["median"]); out(case, "median lower", m["0.95LCL"]); out(case, "median upper", m["0.95UCL"])
  d <- survdiff(Surv(time, event) ~ group)
  out(case, "log-rank", d$chisq)
  out(case, "log-rank p", pchisq(d$chisq, length(d$n) - 1, lower.tail = FALSE))
  cox <- coxph(Surv(time, event) ~ ., data = covariates, ties = "efron",
               control = coxph.control(eps = 1e-11, iter.max = 50))
  ci <- confint(cox)
  for (name in names(coef(cox))) {
    out(case, paste("coefficient", name), coef(cox)[name])
    out(case, paste("error", name), sqrt(diag(vcov(cox)))[name])
    out(case, paste("lower", name), exp(ci[name, 1]))
    out(case, paste("upper", name), exp(ci[name, 2]))
    out(case, paste("p", name), summary(cox)$coefficients[name, "Pr(>|z|)"])
  }
  out(case, "log-likelihood null", cox$loglik[1]); out(case, "log-likelihood", cox$loglik[2])
  out(case, "concordance", summary(cox)$concordance[1])
  z <- cox.zph(cox, transform = "km", terms = FALSE)$table
  for (name in rownames(z)) {
    out(case, paste("zph", name), z[name, "chisq"]); out(case, paste("zph p", name), z[name, "p"])
  }
}
w <- read.csv("weeks.csv")
study("weeks", w$weeks, w$lapsed, w$channel,
      data.frame(app = as.numeric(w$channel == "app"), web = as.numeric(w$channel == "web"),
                 spend = log2(w$spend), male = w$male))
l <- lung[complete.cases(lung[, c("age", "sex", "ph.ecog")]), ]
study("lung", l$time, l$status == 2, l$sex, data.frame(age = l$age, sex = l$sex, ecog = l$ph.ecog))
