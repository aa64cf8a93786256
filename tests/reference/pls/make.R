# Rscript make.R mobi.csv > expected.csv
# The algorithm once more, on scores instead of correlations and with lm() for regressions.
survey <- read.csv(commandArgs(trailingOnly = TRUE)[1])
blocks <- list(
  image = paste0("IMAG", 1:5), expectation = paste0("CUEX", 1:3), quality = paste0("PERQ", 1:7),
  value = paste0("PERV", 1:2), satisfaction = paste0("CUSA", 1:3), complaints = "CUSCO",
  loyalty = paste0("CUSL", 1:3)
)
causes <- list(
  image = character(), expectation = "image", quality = "expectation",
  value = c("expectation", "quality"),
  satisfaction = c("image", "expectation", "quality", "value"),
  complaints = "satisfaction", loyalty = c("image", "satisfaction", "complaints")
)
items <- scale(survey[unlist(blocks)])
names <- names(blocks)

score <- function(weights) scale(sapply(names, function(k) items[, blocks[[k]], drop = FALSE] %*% weights[[k]]))

guess <- function(scores, scheme) {
  sapply(names, function(k) {
    before <- causes[[k]]
    after <- names[sapply(causes, function(each) k %in% each)]
    together <- c(before, after)
    r <- cor(scores[, together, drop = FALSE], scores[, k])
    weight <- if (scheme == "centroid") sign(r) else r
    if (scheme == "path" && length(before)) {
      slope <- coef(lm(scores[, k] ~ scores[, before, drop = FALSE] - 1))
      weight[seq_along(before)] <- slope
    }
    scores[, together, drop = FALSE] %*% weight
  })
}

estimate <- function(scheme) {
  weights <- lapply(blocks, function(b) rep(1, length(b)))
  for (turn in 1:500) {
    inner <- guess(score(weights), scheme)
    fresh <- lapply(names, function(k) {
      w <- cor(items[, blocks[[k]], drop = FALSE], inner[, k])
      w / sd(items[, blocks[[k]], drop = FALSE] %*% w)
    })
    names(fresh) <- names
    change <- max(abs(unlist(fresh) - unlist(weights)))
    weights <- fresh
    if (change < 1e-14) break
  }
  scores <- score(weights)
  rows <- list()
  add <- function(kind, left, right, value) {
    data.frame(scheme = scheme, kind = kind, left = left, right = right, value = value)
  }
  for (k in names) {
    rows[[length(rows) + 1]] <- add("weight", k, blocks[[k]], as.numeric(weights[[k]]))
    loading <- cor(items[, blocks[[k]], drop = FALSE], scores[, k])
    rows[[length(rows) + 1]] <- add("loading", k, blocks[[k]], as.numeric(loading))
    if (length(causes[[k]])) {
      fit <- lm(scores[, k] ~ scores[, causes[[k]], drop = FALSE] - 1)
      rows[[length(rows) + 1]] <- add("path", causes[[k]], k, as.numeric(coef(fit)))
      rows[[length(rows) + 1]] <- add("r squared", k, "", summary(fit)$r.squared)
    }
  }
  do.call(rbind, rows)
}

table <- do.call(rbind, lapply(c("path", "factorial", "centroid"), estimate))
table$value <- format(table$value, digits = 12)
write.csv(table, quote = FALSE, row.names = FALSE)
