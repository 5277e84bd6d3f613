-- Reads the route table when a worker starts, and again every five seconds.
local routes = require "routes"
routes.read()
ngx.timer.every(5, routes.read)
