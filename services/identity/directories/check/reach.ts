/** Whether each of the addresses answers, how safely, and to whom. */
import { isIPv4 } from 'node:net';
import { openConnection } from '../../drivers/ldap/connection.ts';
import { type LdapOptions, urlsOf } from '../../drivers/ldap/options.ts';
import type { Report } from './report.ts';

/** True when one of them does. */
export async function checkReach(report: Report, options: LdapOptions): Promise<boolean> {
  const answers: boolean[] = [];
  for (const url of urlsOf(options)) answers.push(await checkOne(report, options, url));
  if (options.user && !options.password)
    report.note('ldap.user has no password, so Wattle asks as nobody', 'set ldap.password');
  if (options.tls_req_cert !== 'demand')
    report.note(
      `ldap.tls_req_cert is ${options.tls_req_cert}: anybody in between can pose as the directory`,
      'set it to demand, with ldap.tls_cacertfile',
    );
  return answers.includes(true);
}

async function checkOne(report: Report, options: LdapOptions, url: string): Promise<boolean> {
  const connection = openConnection({ ...options, url });
  try {
    const { tls } = await connection.facts();
    const caller = options.user && options.password ? options.user : 'nobody';
    report.fact(`${url} answers, ${tls ? `encrypted with ${tls}` : 'not encrypted'}, to ${caller}`);
    if (!tls && !isHere(url))
      report.note('passwords travel readable to it', 'use ldaps:// in ldap.url, or ldap.use_tls');
    return true;
  } catch (error) {
    report.trouble(error);
    return false;
  } finally {
    connection.close();
  }
}

function isHere(url: string): boolean {
  const { hostname } = new URL(url);
  return ['localhost', '[::1]'].includes(hostname) || (isIPv4(hostname) && hostname.startsWith('127.'));
}
