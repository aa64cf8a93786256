# Writes arrests.csv and expected.csv; see README.md.
options(digits = 17)
write.csv(USArrests, "arrests.csv")
pca <- prcomp(USArrests, scale. = TRUE)
axes <- apply(pca$rotation, 2, function(a) a * sign(a[which.max(abs(a))]))
scores <- scale(USArrests) %*% axes[, 1:2]
write.csv(
  rbind(
    data.frame(quantity = "explained", name = 1:4, first = pca$sdev^2 / sum(pca$sdev^2), second = 0),
    data.frame(quantity = "loading", name = rownames(axes), cor(USArrests, scores)) |>
      setNames(c("quantity", "name", "first", "second")),
    data.frame(quantity = "score", name = rownames(scores), scores) |>
      setNames(c("quantity", "name", "first", "second"))
  ),
  "expected.csv", row.names = FALSE)
