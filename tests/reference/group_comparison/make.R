# One-way comparisons in base R on two small tables. Run here: Rscript make.R

# Dried weight of plants: Dobson, A. J. (1983), An Introduction to Statistical Modelling.
plants <- data.frame(
  group = rep(c("ctrl", "trt1", "trt2"), each = 10),
  outcome = c(4.17, 5.58, 5.18, 6.11, 4.50, 4.61, 5.17, 4.53, 5.33, 5.14,
              4.81, 4.17, 4.41, 3.59, 5.87, 3.83, 6.03, 4.89, 4.32, 4.69,
              6.31, 5.12, 5.54, 5.50, 5.37, 5.29, 4.92, 6.15, 5.80, 5.26))
stopifnot(all.equal(plants$outcome, PlantGrowth$weight))
# Our own numbers: four channels, unequal sizes and variances, with ties.
baskets <- data.frame(
  group = rep(c("app", "phone", "shop", "web"), c(6, 9, 12, 7)),
  outcome = c(52, 61, 48, 57, 66, 52,
              31, 12, 45, 28, 61, 19, 33, 52, 8,
              40, 42, 39, 45, 41, 38, 44, 40, 43, 37, 46, 41,
              75, 23, 98, 54, 61, 12, 88))

compare <- function(d) {
  k <- length(unique(d$group)); N <- nrow(d)
  d$group <- factor(d$group)
  fit <- aov(outcome ~ group, d); a <- anova(fit)
  welch <- oneway.test(outcome ~ group, d)
  rank <- kruskal.test(outcome ~ group, d)
  away <- abs(d$outcome - ave(d$outcome, d$group, FUN = median))
  bf <- anova(lm(away ~ d$group))
  ssb <- a[1, 2]; ssw <- a[2, 2]; mse <- a[2, 3]
  out <- c(ss_between = ssb, ss_within = ssw, df_within = a[2, 1],
           anova_f = a[1, 4], anova_p = a[1, 5],
           welch_f = unname(welch$statistic), welch_df = unname(welch$parameter[2]),
           welch_p = welch$p.value,
           kruskal_chi2 = unname(rank$statistic), kruskal_p = rank$p.value,
           brown_forsythe_f = bf[1, 4], brown_forsythe_p = bf[1, 5],
           eta_squared = ssb / (ssb + ssw),
           omega_squared = (ssb - (k - 1) * mse) / (ssb + ssw + mse))
  tukey <- TukeyHSD(fit)$group # "b-a": mean b less mean a
  n <- tapply(d$outcome, d$group, length); m <- tapply(d$outcome, d$group, mean)
  v <- tapply(d$outcome, d$group, var) / n
  for (pair in combn(levels(d$group), 2, simplify = FALSE)) {
    i <- pair[1]; j <- pair[2]; name <- paste(i, j, sep = "-")
    t <- tukey[paste(j, i, sep = "-"), ]
    se <- sqrt((v[i] + v[j]) / 2)
    df <- (v[i] + v[j])^2 / (v[i]^2 / (n[i] - 1) + v[j]^2 / (n[j] - 1))
    reach <- qtukey(.95, k, df) * se
    own <- c(tukey_difference = -t[["diff"]], tukey_lower = -t[["upr"]],
             tukey_upper = -t[["lwr"]], tukey_p = t[["p adj"]],
             gh_lower = unname(m[i] - m[j] - reach), gh_upper = unname(m[i] - m[j] + reach),
             gh_df = unname(df),
             gh_p = unname(ptukey(abs(m[i] - m[j]) / se, k, df, lower.tail = FALSE)))
    names(own) <- paste(names(own), name, sep = ":")
    out <- c(out, own)
  }
  for (g in levels(d$group)) {
    x <- d$outcome[d$group == g]; ci <- t.test(x)$conf.int
    own <- c(mean = mean(x), sd = sd(x), lower = ci[1], upper = ci[2])
    names(own) <- paste(names(own), g, sep = ":")
    out <- c(out, own)
  }
  data.frame(quantity = names(out), value = format(unname(out), digits = 15, trim = TRUE))
}

result <- rbind(cbind(data = "plants", compare(plants)), cbind(data = "baskets", compare(baskets)))
write.csv(result, "expected.csv", row.names = FALSE, quote = FALSE)
write.csv(rbind(cbind(data = "plants", plants), cbind(data = "baskets", baskets)),
          "cases.csv", row.names = FALSE, quote = FALSE)
cat(R.version.string, "\n")
