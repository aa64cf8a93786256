"""Customer service before and after: response times, complaints."""
