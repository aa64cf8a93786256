# Reference for the propensity, matched pairs, balance and inverse probability weights.
# R 4.2, MatchIt 4.5.1, Matching 4.10-8, sandwich, survey. Run in this folder: Rscript make.R
library(MatchIt); library(Matching); library(sandwich); library(survey)
set.seed(20240611)
n <- 240
spend <- round(exp(rnorm(n, 3, 0.8)), 2)
recency <- rpois(n, 20)
region <- sample(c("east", "north", "west"), n, TRUE, c(.5, .3, .2))
eta <- -1.6 + 0.6 * (log1p(spend) - 3) - 0.03 * (recency - 20) + 0.5 * (region == "north") + 0.5
treated <- rbinom(n, 1, plogis(eta))
change <- round(2 * treated + 1.5 * log1p(spend) - 0.05 * recency + rnorm(n, 0, 2), 3)
d <- data.frame(customer_id = sprintf("c%03d", 1:n), treated, spend, recency, region, change)
write.csv(d, "input.csv", row.names = FALSE)
d$lspend <- log1p(d$spend)
fit <- glm(treated ~ lspend + recency + factor(region), binomial, d, control = list(epsilon = 1e-14, maxit = 50))
d$p <- fitted(fit); d$logit <- predict(fit)
out <- data.frame(quantity = character(), name = character(), value = numeric())
add <- function(q, nm, v) out <<- rbind(out, data.frame(quantity = q, name = nm, value = v))
add("propensity", d$customer_id, d$p)
X <- model.matrix(~ lspend + recency + factor(region), d)
w <- ifelse(d$treated == 1, 1, d$p / (1 - d$p))
des <- svydesign(ids = ~1, weights = ~w, data = cbind(d, w = w))
s <- svyglm(change ~ treated, des)
add("weighted", c("effect", "fixed_weights_se"), c(coef(s)[2], sqrt(vcov(s)[2, 2])))
f <- lm(change ~ treated, d, weights = w)
add("weighted", "hc0_se", sqrt(vcovHC(f, "HC0")[2, 2]))
# 1:1 nearest neighbour on the logit without replacement, largest propensity first. MatchIt 4.5.1 given a
# vector of logits does not take the nearest control (Matching and its own distance matrix do), hence the matrix.
width <- 0.2 * sqrt((var(d$logit[d$treated == 1]) + var(d$logit[d$treated == 0])) / 2)
add("matching", "caliper", width)
o <- d[order(-d$treated, -d$logit), ]; rownames(o) <- o$customer_id
far <- abs(outer(o$logit, o$logit, "-")); dimnames(far) <- list(o$customer_id, o$customer_id)
m <- matchit(treated ~ lspend + recency + factor(region), o, distance = far, method = "nearest",
             m.order = "data", caliper = c(logit = width), std.caliper = FALSE, replace = FALSE)
mm <- m$match.matrix; ok <- !is.na(mm[, 1])
add("pair", paste(rownames(mm)[ok], mm[ok, 1]), 1)
gap <- o[rownames(mm)[ok], "change"] - o[mm[ok, 1], "change"]
add("matching", c("effect", "se"), c(mean(gap), sd(gap) / sqrt(sum(ok))))
# With replacement: Match of the package Matching, within the same caliper.
r <- Match(Tr = d$treated, X = d$logit, M = 1, replace = TRUE, ties = FALSE, version = "fast", distance.tolerance = 1e-14)
near <- abs(d$logit[r$index.treated] - d$logit[r$index.control]) <= width
add("pair_replaced", paste(d$customer_id[r$index.treated], d$customer_id[r$index.control])[near], 1)
# Balance after matching by hand: means over matched customers, pooled standard deviation before.
pooled <- function(v) sqrt((var(v[d$treated == 1]) + var(v[d$treated == 0])) / 2)
sm <- summary(m, un = TRUE)
add("mean_treated_matched", c("lspend", "recency"), sm$sum.matched[c("lspend", "recency"), "Means Treated"])
add("mean_control_matched", c("lspend", "recency"), sm$sum.matched[c("lspend", "recency"), "Means Control"])
add("pooled", c("lspend", "recency"), c(pooled(d$lspend), pooled(d$recency)))
# Doubly robust difference-in-differences for panels (Sant'Anna & Zhao 2020, sections 2.2 and 3.1),
# formulas typed from the article, and the normalised inverse probability estimator.
y <- d$change; D <- d$treated; ps <- d$p
hess <- vcov(fit) * n; score <- (D - ps) * X; alr.ps <- score %*% hess
ipw <- function(mu) {
  wt <- D; wc <- ps * (1 - D) / (1 - ps); e <- y - mu
  et <- mean(wt * e) / mean(wt); ec <- mean(wc * e) / mean(wc)
  list(att = et - ec, et = et, ec = ec, wt = wt, wc = wc, e = e)
}
g <- ipw(0)
M2 <- colMeans(g$wc * (g$e - g$ec) * X)
inf <- g$wt * (g$e - g$et) / mean(g$wt) - (g$wc * (g$e - g$ec) + alr.ps %*% M2) / mean(g$wc)
add("inverse", c("effect", "se"), c(g$att, sqrt(mean(inf^2) / n)))
b <- coef(lm(change ~ lspend + recency + factor(region), d, subset = treated == 0))
g <- ipw(as.vector(X %*% b))
xx <- solve(t((1 - D) * X) %*% X / n); alr.ols <- ((1 - D) * g$e * X) %*% xx
t1 <- (g$wt * (g$e - g$et) - alr.ols %*% colMeans(g$wt * X)) / mean(g$wt)
c1 <- (g$wc * (g$e - g$ec) + alr.ps %*% colMeans(g$wc * (g$e - g$ec) * X) - alr.ols %*% colMeans(g$wc * X)) / mean(g$wc)
add("robust", c("effect", "se"), c(g$att, sqrt(mean((t1 - c1)^2) / n)))
# Improved doubly robust: calibrated odds by minimising the tilting loss, weighted regression.
loss <- function(q) mean((1 - D) * exp(X %*% q)) - mean(D * (X %*% q))
grad <- function(q) as.vector(t(X) %*% ((1 - D) * exp(X %*% q) - D)) / n
q <- coef(fit)
for (k in 1:50) q <- q - solve(t(X * as.vector((1 - D) * exp(X %*% q))) %*% X / n, grad(q))
wc <- as.vector((1 - D) * exp(X %*% q))
b <- coef(lm(change ~ lspend + recency + factor(region), cbind(d, wc = wc), weights = wc, subset = treated == 0))
e <- y - as.vector(X %*% b); et <- mean(D * e) / mean(D); ec <- mean(wc * e) / mean(wc)
inf <- D * (e - et) / mean(D) - wc * (e - ec) / mean(wc)
add("improved", c("effect", "se"), c(et - ec, sqrt(mean(inf^2) / n)))
add("calibrated_weight", d$customer_id[D == 0], wc[D == 0])
out$value <- formatC(out$value, digits = 12, format = "g")
write.csv(out, "expected.csv", row.names = FALSE, quote = FALSE)
