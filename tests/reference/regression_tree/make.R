# Writes cases.csv, nodes.csv and pruned.csv; see README.md.
library(rpart)
options(digits = 17)
set.seed(20261123)
n <- 400
a <- round(runif(n, 0, 10), 3); b <- round(rexp(n, 0.2), 3); c <- round(rnorm(n), 4)
d <- rbinom(n, 1, 0.4)
y <- round(3 * (a > 4) + 2 * (a > 4) * (b > 3) - 1.5 * d * (a <= 4) + 0.3 * c + rnorm(n), 4)
cases <- data.frame(a, b, c, d, y)
write.csv(cases, "cases.csv", row.names = FALSE)

full <- rpart(y ~ ., cases, method = "anova",
  control = rpart.control(cp = 0, minbucket = 10, minsplit = 20, maxsurrogate = 0, maxcompete = 0, xval = 0))
table <- as.data.frame(full$cptable)
root <- full$frame$dev[1]
write.csv(
  data.frame(leaves = table$nsplit + 1, alpha = table$CP * root / n, error = table$`rel error`),
  "pruned.csv", row.names = FALSE)

rows <- list()
for (i in 2:6) {
  pruned <- prune(full, cp = sqrt(table$CP[i] * table$CP[i - 1]))
  frame <- pruned$frame
  inner <- frame$var != "<leaf>"
  threshold <- rep(0, nrow(frame)); threshold[inner] <- pruned$splits[, "index"]
  rows[[i]] <- data.frame(leaves = sum(!inner), node = as.integer(row.names(frame)),
    variable = ifelse(inner, as.character(frame$var), ""), threshold, n = frame$n, mean = frame$yval,
    deviance = frame$dev)
}
write.csv(do.call(rbind, rows), "nodes.csv", row.names = FALSE)
