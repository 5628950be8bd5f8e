/** One bound connection to a directory. It is never reopened, because ldapts would neither start TLS nor bind again. */
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectSecure } from 'node:tls';
import type { Client } from 'ldapts';
import { BadOption, type LdapOptions } from './options.ts';
import type { TlsFor } from './tls.ts';

export interface Session {
  readonly client: Client;
  readonly url: string;
  readonly openedAt: number;
  /** The TLS version, such as `TLSv1.3`; undefined without encryption. */
  readonly tls: string | undefined;
  isOpen(): boolean;
  close(): void;
}

export interface Login {
  readonly dn: string;
  readonly password: string;
}

export const timeoutMs = ({ connection_timeout: seconds }: LdapOptions): number =>
  seconds > 0 ? seconds * 1000 : 10_000;

/** ldapts is loaded at the first connection: most clouds have no directory. */
export async function openSession(
  url: string,
  { options, tlsFor }: { readonly options: LdapOptions; readonly tlsFor: TlsFor },
  { dn, password }: Login,
): Promise<Session> {
  const { host, secure } = parseUrl(url, options);
  const { Client } = await import('ldapts');
  const tls = secure || options.use_tls ? tlsFor(host) : undefined;
  const sockets = singleUseSockets();
  const client = new Client({
    url,
    timeout: timeoutMs(options),
    connectTimeout: timeoutMs(options),
    strictDN: false,
    ...(secure && tls ? { tlsOptions: tls } : {}),
    createConnection: sockets.plain,
    createSecureConnection: sockets.secure,
  });
  const bind = async () => {
    if (options.use_tls && tls) await client.startTLS(tls);
    await client.bind(dn, password);
  };
  try {
    await withTimeout(bind(), timeoutMs(options));
  } catch (error) {
    sockets.destroy();
    throw error;
  }
  return { client, url, openedAt: Date.now(), tls: sockets.protocol(), isOpen: sockets.isOpen, close: sockets.destroy };
}

function parseUrl(url: string, { use_tls: upgrades }: LdapOptions): { host: string; secure: boolean } {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !['ldap:', 'ldaps:'].includes(parsed.protocol))
    throw new BadOption(`ldap.url: ${url} is no address of a directory, such as ldaps://dc1.example.org`);
  const secure = parsed.protocol === 'ldaps:';
  if (secure && upgrades) throw new BadOption('ldap.use_tls: ldaps:// is encrypted already, set one of them');
  return { host: parsed.hostname.replace(/^\[|\]$/g, '') || 'localhost', secure };
}

/** ldapts reconnects by itself after a loss, without TLS and without a bind, so each socket factory works once. */
function singleUseSockets() {
  const made: Socket[] = [];
  let open = true;
  let protocol: string | undefined;
  const keep = <S extends Socket>(socket: S): S => {
    made.push(socket);
    socket.once('close', () => {
      open = false;
    });
    return socket;
  };
  let plainUsed = false;
  let secureUsed = false;
  const plain = ((port: number, host: string) => {
    if (plainUsed) throw new Error('the connection was closed');
    plainUsed = true;
    return keep(connectPlain(port, host));
  }) as typeof connectPlain;
  const secure = ((...args: Parameters<typeof connectSecure>) => {
    if (secureUsed) throw new Error('the connection was closed');
    secureUsed = true;
    const socket = keep(connectSecure(...args));
    socket.once('secureConnect', () => {
      protocol = socket.getProtocol() ?? undefined;
    });
    return socket;
  }) as typeof connectSecure;
  const destroy = () => {
    open = false;
    for (const socket of made) socket.destroy();
  };
  return { plain, secure, destroy, isOpen: () => open, protocol: () => protocol };
}

async function withTimeout<T>(work: Promise<T>, ms: number): Promise<T> {
  const { promise: timeout, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${ms / 1000} s`)), ms);
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
