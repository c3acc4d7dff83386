exports.routes = [];
