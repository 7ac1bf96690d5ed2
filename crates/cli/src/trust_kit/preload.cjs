// Leads the requests of Node through the proxy of the environment, where Node does not do so by itself: versions that know
// no NODE_USE_ENV_PROXY, and in all versions the agents that a program makes.
//
// It covers what goes through an agent of `http` or `https`, and the built-in `fetch`. An agent or a dispatcher that
// brings its own way to connect keeps it.
'use strict';

(() => {
  const mark = Symbol.for('authkeep.proxy');
  if (globalThis[mark] || !process.env.HTTPS_PROXY) return;
  Object.defineProperty(globalThis, mark, { value: true });

  const http = require('http');
  const https = require('https');
  const net = require('net');
  const tls = require('tls');

  const proxy = new URL(process.env.HTTPS_PROXY);
  const proxyPort = Number(proxy.port) || 80;
  const words = [proxy.username, proxy.password].map(decodeURIComponent).join(':');
  const credential = `Basic ${Buffer.from(words).toString('base64')}`;
  const past = (process.env.NO_PROXY || '').toLowerCase().split(/[\s,]+/).filter(Boolean);

  const bare = (host) => String(host).toLowerCase().replace(/^\[|\]$/g, '').replace(/\.$/, '');

  function goesPast(host, port) {
    if (host === proxy.hostname && port === proxyPort) return true;
    return past.some((entry) => {
      if (entry === '*') return true;
      const [, name, only] = /^(.*?)(?::(\d+))?$/.exec(net.isIP(entry) ? `[${entry}]` : entry);
      if (only && Number(only) !== port) return false;
      const suffix = bare(name).replace(/^\*?\./, '');
      return host === suffix || host.endsWith(`.${suffix}`);
    });
  }

  // Hands `done` a socket that leads to host and port.
  function open(host, port, done) {
    if (goesPast(host, port)) {
      const socket = net.connect({ host, port });
      const failed = (error) => done(error);
      socket.once('error', failed);
      socket.once('connect', () => {
        socket.removeListener('error', failed);
        done(null, socket);
      });
      return;
    }
    const authority = `${net.isIPv6(host) ? `[${host}]` : host}:${port}`;
    const request = http.request({
      method: 'CONNECT',
      path: authority,
      headers: { host: authority, 'proxy-authorization': credential },
      // With a connection of its own it needs no agent, least of all one that leads back here.
      createConnection: () => net.connect({ host: proxy.hostname, port: proxyPort, noDelay: true }),
    });
    request.once('connect', (response, socket) => {
      if (response.statusCode === 200) return done(null, socket);
      socket.destroy();
      done(new Error(`the proxy answered ${response.statusCode} to CONNECT ${authority}`));
    });
    request.once('error', done);
    request.end();
  }

  function lead(Agent, usualPort, secure) {
    const connect = Agent.prototype.createConnection;
    Agent.prototype.createConnection = function createConnection(options, done) {
      const host = bare(options.host || 'localhost');
      const port = Number(options.port) || usualPort;
      const isUsual = options && typeof options === 'object' && typeof done === 'function';
      // Node leads the agents with this option by itself, the usual ones among them.
      const isLed = this.options && this.options.proxyEnv;
      if (!isUsual || isLed || options.socketPath || options.socket || goesPast(host, port)) {
        return connect.apply(this, arguments);
      }
      open(host, port, (error, socket) => {
        if (error) return done(error);
        done(null, secure ? connect.call(this, { ...options, socket }) : socket);
      });
      return undefined;
    };
  }
  lead(http.Agent, 80, false);
  lead(https.Agent, 443, true);

  // Node knows the variable, and leads fetch.
  if (process.allowedNodeEnvironmentFlags.has('--use-env-proxy')) return;

  // The built-in fetch has its own way to connect, which it looks up by this symbol. All that belongs to it is loaded
  // when one part of it is first touched. That takes longer than Node's start, so it is left to the program.
  const dispatcher = Symbol.for('undici.globalDispatcher.1');

  function connect({ hostname, protocol, port, servername }, done) {
    const secure = protocol === 'https:';
    const host = bare(hostname);
    open(host, Number(port) || (secure ? 443 : 80), (error, socket) => {
      if (error || !secure) return done(error, socket);
      const name = servername || (net.isIP(host) ? '' : host);
      const session = tls.connect({ socket, servername: name, ALPNProtocols: ['http/1.1'] });
      const failed = (reason) => done(reason);
      session.once('error', failed);
      session.once('secureConnect', () => {
        session.removeListener('error', failed);
        done(null, session);
      });
    });
  }

  let ours;

  function leadFetch() {
    const there = globalThis[dispatcher];
    // Of the same class, since a program's own undici may have put it there. Any other class was chosen on purpose.
    const isUsual = there && there !== ours && there.constructor.name === 'Agent';
    if (isUsual) globalThis[dispatcher] = ours = new there.constructor({ connect });
  }

  for (const name of ['Headers', 'Request', 'Response', 'FormData', 'WebSocket', 'EventSource']) {
    const part = Object.getOwnPropertyDescriptor(globalThis, name);
    if (!part || !part.get || !part.configurable) continue;
    const get = () => {
      const value = part.get.call(globalThis);
      leadFetch();
      return value;
    };
    Object.defineProperty(globalThis, name, { ...part, get });
  }

  const fetch = globalThis.fetch;
  if (typeof fetch === 'function') {
    globalThis.fetch = function (input, init = undefined) {
      void globalThis.Response;
      leadFetch();
      return Reflect.apply(fetch, this, [input, init]);
    };
    Object.defineProperty(globalThis.fetch, 'name', { value: 'fetch' });
  }
})();
