/** Checks whether each address answers, with which encryption, and for which account. */
import { isIPv4 } from 'node:net';
import { openConnection } from '../../drivers/ldap/connection.ts';
import { type LdapOptions, urlsOf } from '../../drivers/ldap/options.ts';
import type { Report } from './report.ts';

/** True when one of them answers. */
export async function checkReach(report: Report, options: LdapOptions): Promise<boolean> {
  const answers: boolean[] = [];
  for (const url of urlsOf(options)) answers.push(await checkOne(report, options, url));
  if (options.user && !options.password)
    report.note('ldap.user has no password, so Wattle binds anonymously', 'set ldap.password');
  if (options.tls_req_cert !== 'demand')
    report.note(
      `ldap.tls_req_cert is ${options.tls_req_cert}: the certificate of the directory is not verified`,
      'set it to demand, with ldap.tls_cacertfile',
    );
  return answers.includes(true);
}

async function checkOne(report: Report, options: LdapOptions, url: string): Promise<boolean> {
  const connection = openConnection({ ...options, url });
  try {
    const { tls } = await connection.describe();
    const caller = options.user && options.password ? options.user : 'an anonymous bind';
    report.fact(`${url} answers, ${tls ? `encrypted with ${tls}` : 'not encrypted'}, to ${caller}`);
    if (!tls && !isHere(url))
      report.note('passwords are sent unencrypted', 'use ldaps:// in ldap.url, or ldap.use_tls');
    return true;
  } catch (error) {
    report.directoryError(error);
    return false;
  } finally {
    connection.close();
  }
}

function isHere(url: string): boolean {
  const { hostname } = new URL(url);
  return ['localhost', '[::1]'].includes(hostname) || (isIPv4(hostname) && hostname.startsWith('127.'));
}
