-- Sends a call to the endpoint of the party that it is for; a host that is a name is left to the upstream's own server.
local balancer = require "ngx.balancer"
local routes = require "routes"

local found = routes.find(ngx.var.http_dest_party_id, ngx.var.http_service)
if not found then
    ngx.log(ngx.ERR, "no route to party ", ngx.var.http_dest_party_id)
    return ngx.exit(404)
end
local port = ngx.req.http_version() == 2 and found.grpc_port or found.http_port
local ok, problem = balancer.set_current_peer(found.host, tonumber(port))
if not ok then
    ngx.log(ngx.ERR, "dialling the server of the upstream: ", problem)
end
