"""Architecture search: what may be searched, the trials that workers share, and what comes of them."""
