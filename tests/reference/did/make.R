# Difference-in-differences on a simulated panel: lm with unit and period dummies and
# a hand-made cluster sandwich; plm as a second engine. Run here: Rscript make.R
suppressMessages(library(plm))

RNGkind("Mersenne-Twister", "Inversion", "Rejection")
set.seed(707)
n <- 60; periods <- -4:1; n_treated <- 25
panel <- do.call(rbind, lapply(1:n, function(i) {
  treated <- i <= n_treated
  level <- rgamma(1, 2, .02) + 40 * treated
  error <- as.numeric(arima.sim(list(ar = .5), length(periods), sd = 12 + 8 * treated))
  data.frame(customer_id = sprintf("h%02d", i), period = periods, treated = as.integer(treated),
             post = as.integer(periods >= 0),
             revenue = round(level + 3 * periods + 18 * treated * (periods >= 0) + error, 3))
}))
write.csv(panel, "panel.csv", row.names = FALSE, quote = FALSE)

# Factor G / (G - 1) * (N - 1) / (N - K); K counts the terms of interest and the period
# dummies (not the unit dummies, which are nested in the clusters).
cluster_fit <- function(terms, d) {
  d$unit <- factor(d$customer_id); d$time <- factor(d$period)
  X <- model.matrix(~ unit + time, d)
  X <- cbind(terms, X)
  fit <- lm.fit(X, d$revenue)
  scores <- rowsum(X * fit$residuals, d$customer_id)
  bread <- solve(crossprod(X))
  G <- nrow(scores); N <- nrow(X); K <- ncol(terms) + nlevels(d$time) - 1
  factor <- G / (G - 1) * (N - 1) / (N - K)
  V <- factor * bread %*% crossprod(scores) %*% bread
  q <- ncol(terms); b <- fit$coefficients[1:q]; V <- V[1:q, 1:q, drop = FALSE]
  list(b = b, se = sqrt(diag(V)), V = V, G = G, factor = factor)
}

out <- c()
did <- cluster_fit(cbind(panel$treated * panel$post), panel)
t <- did$b / did$se; reach <- qt(.975, did$G - 1) * did$se
out <- c(out, effect = did$b, se = did$se, t = t, p = 2 * pt(-abs(t), did$G - 1),
         lower = did$b - reach, upper = did$b + reach, correction = did$factor)

pre <- panel[panel$post == 0, ]
dummies <- sapply(-4:-2, function(k) pre$treated * (pre$period == k))
leads <- cluster_fit(dummies, pre)
wald <- drop(t(leads$b) %*% solve(leads$V) %*% leads$b) / 3
out <- c(out, setNames(leads$b, paste0("lead", -4:-2)), setNames(leads$se, paste0("lead_se", -4:-2)),
         joint_f = wald, joint_p = pf(wald, 3, leads$G - 1, lower.tail = FALSE))
slope <- cluster_fit(cbind(pre$treated * pre$period), pre)
out <- c(out, slope = slope$b, slope_se = slope$se,
         slope_p = 2 * pt(-abs(slope$b / slope$se), slope$G - 1))

# Second engine.
d <- pdata.frame(transform(panel, effect = treated * post, time = factor(period)),
                 index = c("customer_id", "period"))
within <- plm(revenue ~ effect + time, d, model = "within", effect = "individual")
V <- vcovHC(within, method = "arellano", type = "sss", cluster = "group")
out <- c(out, plm_effect = coef(within)[["effect"]], plm_se = sqrt(V["effect", "effect"]))

# By hand: changes of the group means.
m <- tapply(panel$revenue, list(panel$treated, panel$post), mean)
change <- with(panel, tapply(revenue * post, customer_id, sum) / 2 -
                      tapply(revenue * (1 - post), customer_id, sum) / 4)
treated <- tapply(panel$treated, panel$customer_id, max) == 1
ci <- t.test(change[treated])$conf.int
out <- c(out, treated_before = m["1", "0"], treated_after = m["1", "1"],
         control_before = m["0", "0"], control_after = m["0", "1"],
         treated_change_lower = ci[1], treated_change_upper = ci[2])

write.csv(data.frame(quantity = names(out), value = format(unname(out), digits = 15, trim = TRUE)),
          "expected.csv", row.names = FALSE, quote = FALSE)
cat(R.version.string, "; plm", as.character(packageVersion("plm")), "\n")
