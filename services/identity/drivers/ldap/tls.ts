/** The CA certificates that verify a directory. */
import { readdirSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { type ConnectionOptions, createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { BadOption, type LdapOptions } from './options.ts';

/** Reading some hundred certificates takes 100 ms, so the context is cached for ten minutes. */
const cachedMs = 600_000;

export type TlsFor = (host: string) => ConnectionOptions;

export function tlsOf(options: LdapOptions): TlsFor {
  let cached: { readonly context: SecureContext; readonly at: number } | undefined;
  const context = () => {
    if (!cached || Date.now() - cached.at > cachedMs) cached = { context: contextOf(options), at: Date.now() };
    return cached.context;
  };
  return (host) => ({
    host,
    ...(isIP(host) ? {} : { servername: host }),
    rejectUnauthorized: options.tls_req_cert === 'demand',
    secureContext: context(),
  });
}

function contextOf(options: LdapOptions): SecureContext {
  const ca = caCertificates(options);
  try {
    return createSecureContext(ca.length > 0 ? { ca } : {});
  } catch (error) {
    throw new BadOption(`ldap.tls_cacertfile: ${(error as Error).message}`);
  }
}

/** Without configured certificates, those of the system are used. */
function caCertificates({ tls_cacertfile: file, tls_cacertdir: folder }: LdapOptions): string[] {
  if (file) return readCertificates('tls_cacertfile', () => [readFileSync(file, 'utf8')]);
  if (!folder) return [...new Set(getCACertificates('system'))];
  return readCertificates('tls_cacertdir', () =>
    readdirSync(folder)
      .filter((name) => /\.(pem|crt)$/.test(name))
      .map((name) => readFileSync(join(folder, name), 'utf8')),
  );
}

function readCertificates(option: string, read: () => string[]): string[] {
  try {
    return read();
  } catch (error) {
    throw new BadOption(`ldap.${option}: ${(error as Error).message}`);
  }
}
