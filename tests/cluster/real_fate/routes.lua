-- The route table of FATE's nginx: party, service, endpoint. Only plain blocks of YAML are understood.
local routes = {}
local known = {}

function routes.read()
    local file = io.open(ngx.config.prefix() .. "conf/route_table.yaml")
    if not file then
        ngx.log(ngx.ERR, "there is no route table")
        return
    end
    local party, service
    for line in file:lines() do
        local indent, key, value = line:match("^([ -]*)([%w_]+):%s*(%S*)")
        if indent == "" then
            party, service = key, nil
            known[party] = known[party] or {}
        elseif indent == "  " then
            service = {}
            known[party][key] = service
        elseif key then
            service[key] = value
        end
    end
    file:close()
end

function routes.find(party, service)
    local services = known[party] or known.default
    return services and (services[service] or services.proxy)
end

return routes
