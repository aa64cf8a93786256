# Association, shares explained and adjusted p-values in base R. Run here: Rscript make.R

# Hair and eye colour of 592 students (Snee 1974), R's HairEyeColor, sexes added.
hair <- apply(HairEyeColor, c(1, 2), sum)
# Our own counts: small expected counts; and a table of two by two.
rare <- matrix(c(7, 1, 0, 2, 3, 4, 0, 1, 6), 3, byrow = TRUE)
tea <- matrix(c(8, 2, 1, 5), 2, byrow = TRUE)
# Weight of 71 chicks by six feeds, R's chickwts (McNeil 1977).
chicks <- chickwts

out <- data.frame()
put <- function(data, quantity, value) {
  value <- as.vector(value)
  out <<- rbind(out, data.frame(data = data, quantity = quantity, place = seq_along(value),
                                value = format(value, digits = 15, trim = TRUE)))
}
bergsma <- function(x) {
  n <- sum(x); r <- nrow(x); k <- ncol(x)
  phi2 <- unname(suppressWarnings(chisq.test(x, correct = FALSE)$statistic)) / n
  corrected <- max(0, phi2 - (r - 1) * (k - 1) / (n - 1))
  sqrt(corrected / (min(r - (r - 1)^2 / (n - 1), k - (k - 1)^2 / (n - 1)) - 1))
}
for (name in c("hair", "rare", "tea")) {
  x <- get(name); t <- suppressWarnings(chisq.test(x, correct = FALSE))
  put(name, "chi2", t$statistic); put(name, "chi2 p", t$p.value)
  put(name, "expected", t(t$expected)); put(name, "v", bergsma(x))
  put(name, "fisher p", fisher.test(x, workspace = 2e7, simulate.p.value = name == "hair")$p.value)
}
set.seed(1)
put("rare", "drawn p", chisq.test(rare, simulate.p.value = TRUE, B = 1e6)$p.value)
put("tea", "odds", 8 * 5 / (2 * 1))

share <- function(y, g) {
  a <- anova(lm(y ~ g)); ssb <- a[1, 2]; ssw <- a[2, 2]; mse <- a[2, 3]; df <- a[1, 1]
  (ssb - df * mse) / (ssb + ssw + mse)
}
put("chicks", "omega2", share(chicks$weight, chicks$feed))
put("chicks", "epsilon2", share(rank(chicks$weight), chicks$feed))
put("chicks", "welch p", oneway.test(weight ~ feed, chicks)$p.value)
put("chicks", "anova p", anova(lm(weight ~ feed, chicks))[1, 5])
put("chicks", "ranks p", kruskal.test(weight ~ feed, chicks)$p.value)
p <- c(.01, .04, .03, .005, .2, .04, 1)
put("p", "given", p)
put("p", "holm", p.adjust(p, "holm")); put("p", "bh", p.adjust(p, "BH"))

write.csv(out, "expected.csv", row.names = FALSE, quote = FALSE)
long <- as.data.frame(as.table(hair)); names(long) <- c("hair", "eye", "n")
write.csv(long, "hair.csv", row.names = FALSE, quote = FALSE)
write.csv(chicks, "chicks.csv", row.names = FALSE, quote = FALSE)
cat(R.version.string, "\n")
