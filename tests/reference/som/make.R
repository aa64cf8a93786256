# Writes points.csv, init.csv, distances.csv, codes.csv and units.csv; see README.md.
library(kohonen)
options(digits = 17)
set.seed(20261123)
n <- 180
group <- rep(1:3, each = n / 3)
points <- cbind(
  x1 = rnorm(n, c(-2, 0, 2)[group]),
  x2 = rnorm(n, c(0, 2, -1)[group], 0.8),
  x3 = rexp(n, 1) + 0.5 * group
)
points <- round(scale(points), 6)

rows <- 4; columns <- 6
grid <- somgrid(columns, rows, "hexagonal", neighbourhood.fct = "gaussian")
distances <- unit.distances(grid)

# Linear start: the plane of the first two components, one deviation each way.
pca <- prcomp(points)
axes <- apply(pca$rotation, 2, function(a) a * sign(a[which.max(abs(a))]))
place <- sweep(grid$pts, 2, colMeans(grid$pts))
place <- sweep(place, 2, apply(abs(place), 2, max), "/")
init <- sweep(place[, 1:2] %*% diag(pca$sdev[1:2]) %*% t(axes[, 1:2]), 2, colMeans(points), "+")

# One epoch a radius, each started from the codes of the one before.
codes <- init
radii <- c(2, 1.7, 1.4, 1.2, 1, 1, 1)
steps <- list()
for (radius in radii) {
  map <- som(points, grid = grid, rlen = 1, radius = c(radius, radius), init = codes, mode = "batch")
  codes <- map$codes[[1]]
  steps[[length(steps) + 1]] <- data.frame(epoch = length(steps) + 1, radius, unit = 1:nrow(codes), codes)
}

apart <- as.matrix(dist(rbind(points, codes)))[1:n, n + 1:nrow(codes)]
nearest <- apply(apart, 1, which.min)
second <- apply(apart, 1, function(d) order(d)[2])
hits <- tabulate(nearest, nrow(codes))
full <- which(hits > 0)
between <- as.matrix(dist(codes[full, ]))^2
weight <- hits[full]
cost <- 2 * outer(weight, weight) / outer(weight, weight, "+") * between
tree <- hclust(as.dist(cost), method = "ward.D", members = weight)
groups <- sapply(2:6, function(k) { g <- rep(0, nrow(codes)); g[full] <- cutree(tree, k); g })
colnames(groups) <- paste0("groups_", 2:6)

beside <- abs(distances - 1) < 1e-9
u <- sapply(1:nrow(codes), function(i) mean(sqrt(colSums((t(codes[beside[i, ], , drop = FALSE]) - codes[i, ])^2))))

write.csv(points, "points.csv", row.names = FALSE)
write.csv(init, "init.csv", row.names = FALSE)
write.csv(distances, "distances.csv", row.names = FALSE)
write.csv(do.call(rbind, steps), "codes.csv", row.names = FALSE)
write.csv(data.frame(unit = 1:nrow(codes), hits, u, groups), "units.csv", row.names = FALSE)
write.csv(
  data.frame(
    quantity = c("quantisation_error", "topographic_error"),
    value = c(mean(apply(apart, 1, min)), mean(!beside[cbind(nearest, second)]))
  ),
  "expected.csv", row.names = FALSE
)
