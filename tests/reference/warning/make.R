# Measures of foretold probabilities, by pROC and by glm; run: Rscript make.R
suppressMessages(library(pROC))
n <- 240
i <- seq_len(n)
# No random numbers: a grid of scores, with ties, and events that follow them loosely.
score <- round(sin(i * 1.7) * 1.3 + cos(i * 0.31) * 0.9 - 0.6, 2)
noise <- sin(i * 2.9) + cos(i * 5.3)
event <- as.integer(score + 1.2 * noise > 0.2)
other <- round(score + 1.5 * cos(i * 3.7), 2)
write.csv(data.frame(score, other, event), "cases.csv", row.names = FALSE)
weight <- i %% 3

one <- roc(event, score, direction = "<", quiet = TRUE)
two <- roc(event, other, direction = "<", quiet = TRUE)
ci <- ci.auc(one, method = "delong")
test <- roc.test(one, two, paired = TRUE, method = "delong")
apart <- (as.numeric(auc(one)) - as.numeric(auc(two)))
chance <- plogis(0.4 + 1.8 * score)
odds <- qlogis(chance)
fit <- glm(event ~ odds, family = binomial, control = glm.control(epsilon = 1e-14))
large <- glm(event ~ 1, offset = odds, family = binomial, control = glm.control(epsilon = 1e-14))
weighted <- suppressWarnings(glm(event ~ odds, family = binomial, weights = weight,
                                 control = glm.control(epsilon = 1e-14)))
cases <- rep(i, weight)
out <- c(
  auc = as.numeric(auc(one)), auc_lower = ci[1], auc_upper = ci[3],
  auc_other = as.numeric(auc(two)), auc_apart = apart,
  se_apart = abs(apart / unname(test$statistic)),
  intercept_in_large = unname(coef(large)), fit_intercept = unname(coef(fit)[1]),
  slope = unname(coef(fit)[2]), weighted_intercept = unname(coef(weighted)[1]),
  weighted_slope = unname(coef(weighted)[2]),
  auc_weighted = as.numeric(auc(roc(event[cases], score[cases], direction = "<", quiet = TRUE))),
  brier = mean((chance - event)^2), log_loss = -mean(event * log(chance) + (1 - event) * log(1 - chance))
)
write.csv(data.frame(name = names(out), value = sprintf("%.15g", out)), "expected.csv",
          row.names = FALSE, quote = FALSE)
