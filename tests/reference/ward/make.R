# Ward's tree in R: hclust with ward.D2, cut into 2 to 6 clusters; sizes, largest first, and
# the within sum of squares. Run here: Rscript make.R
measures <- function(points, k) {
  labels <- cutree(hclust(dist(points), method = "ward.D2"), k)
  within <- sum(sapply(1:k, function(j) {
    own <- points[labels == j, , drop = FALSE]
    sum(sweep(own, 2, colMeans(own))^2)
  }))
  sizes <- sort(as.integer(table(labels)), decreasing = TRUE)
  data.frame(quantity = c("within", paste0("size_", seq_along(sizes))), value = c(within, sizes))
}

ruspini <- as.matrix(read.csv("../kmeans/ruspini.csv"))
rows <- list()
for (k in 2:6) {
  rows[[length(rows) + 1]] <- cbind(data = "ruspini", k = k, measures(ruspini, k))
  rows[[length(rows) + 1]] <- cbind(data = "iris", k = k, measures(scale(as.matrix(iris[1:4])), k))
}
result <- do.call(rbind, rows)
result$value <- format(result$value, digits = 15, trim = TRUE)
write.csv(result, "expected.csv", row.names = FALSE, quote = FALSE)
cat(R.version.string, "\n")
