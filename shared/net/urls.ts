/**
 * `scheme://user:password@a:1,b:2/path` names several servers that hold the same: returns one URL for each, in their order. A
 * URL of one server is returned as it is.
 */
export function urlsOf(url: string): string[] {
  const [, before = '', hosts = '', after = ''] = /^(\w+:\/\/(?:[^@/]*@)?)([^/?]*)(.*)$/.exec(url) ?? [];
  return hosts.includes(',') ? hosts.split(',').map((host) => `${before}${host}${after}`) : [url];
}
