# k-means in R on two classical tables: inertia, sizes, silhouette, and the two
# other measures by their formulas. Run here: Rscript make.R
library(cluster)

measures <- function(points, k) {
  set.seed(20260101)
  fit <- kmeans(points, k, nstart = 200, iter.max = 200)
  labels <- fit$cluster
  n <- nrow(points)
  silhouette_mean <- mean(silhouette(labels, dist(points))[, "sil_width"])
  # Calinski & Harabasz (1974)
  ch <- (fit$betweenss / (k - 1)) / (fit$tot.withinss / (n - k))
  # Davies & Bouldin (1979), p = 2 between centres, mean distance within
  within <- sapply(1:k, function(j) {
    own <- points[labels == j, , drop = FALSE]
    mean(sqrt(rowSums(sweep(own, 2, fit$centers[j, ])^2)))
  })
  apart <- as.matrix(dist(fit$centers))
  db <- mean(sapply(1:k, function(i) max(((within[i] + within) / apart[i, ])[-i])))
  sizes <- sort(fit$size, decreasing = TRUE)
  data.frame(
    quantity = c("inertia", "silhouette", "calinski_harabasz", "davies_bouldin",
                 paste0("size_", seq_along(sizes))),
    value = c(fit$tot.withinss, silhouette_mean, ch, db, sizes)
  )
}

rows <- list()
for (k in 2:5) {
  rows[[length(rows) + 1]] <- cbind(data = "ruspini", k = k, measures(as.matrix(ruspini), k))
  rows[[length(rows) + 1]] <- cbind(data = "iris", k = k, measures(scale(as.matrix(iris[1:4])), k))
}
result <- do.call(rbind, rows)
result$value <- format(result$value, digits = 15, trim = TRUE)
write.csv(result, "expected.csv", row.names = FALSE, quote = FALSE)
write.csv(ruspini, "ruspini.csv", row.names = FALSE, quote = FALSE)
cat(R.version.string, "; cluster", as.character(packageVersion("cluster")), "\n")
