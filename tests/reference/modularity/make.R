# Greedy modularity (Clauset, Newman & Moore 2004) by igraph, on Zachary's karate club.
library(igraph)
g <- make_graph("Zachary")
found <- cluster_fast_greedy(g)
edges <- as_edgelist(g)
write.csv(data.frame(first = edges[, 1], second = edges[, 2]), "edges.csv", row.names = FALSE)
write.csv(data.frame(
  quantity = c("modularity", "clusters", paste0("size", seq_along(sizes(found)))),
  value = c(sprintf("%.10f", modularity(found)), length(found), sort(as.integer(sizes(found)), decreasing = TRUE))
), "expected.csv", row.names = FALSE)
# The modularity of a division that is not the best one: nodes by odd and even number.
odd <- seq_len(vcount(g)) %% 2 + 1
write.csv(data.frame(quantity = "odd_even", value = sprintf("%.10f", modularity(g, odd))), "given.csv", row.names = FALSE)
cat(R.version.string, "igraph", as.character(packageVersion("igraph")), "\n")
