import '../shared/server.js';
