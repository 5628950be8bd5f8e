/**
 * node:http and node:https for all code that runs. An `import` of node:http reads all that it exports, and its WebSocket loads
 * undici: 6.5 MB and 28 ms of CPU in every process.
 */
const http = process.getBuiltinModule('node:http');

export const { Agent, createServer, IncomingMessage, request, ServerResponse, STATUS_CODES } = http;

/** The module for a URL: node:https costs 3 MB, and is loaded at its first use. */
export const moduleFor = ({ protocol }: Pick<URL, 'protocol'>) =>
  protocol === 'https:' ? process.getBuiltinModule('node:https') : http;
