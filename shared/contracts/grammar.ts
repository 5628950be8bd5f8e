/**
 * One grammar per kind of name that another program reads. The API refuses what does not match, and so does whoever hands
 * the name to that program: a row or a message that lies between may come from elsewhere. A test holds these patterns and
 * those of `openapi/` together.
 */
import { badRequest } from '#shared/errors/fault.ts';

/** RFC 3720: a name of type iqn., eui. or naa., as initiators and targets have them. */
export const iscsiName =
  /^(?:iqn\.[0-9]{4}-[0-9]{2}\.[A-Za-z0-9][A-Za-z0-9.-]*(?::[A-Za-z0-9._:-]+)?|eui\.[0-9A-Fa-f]{16}|naa\.[0-9A-Fa-f]{16}|naa\.[0-9A-Fa-f]{32})$/;
export const iscsiNameLength = 223;

/** The id of a resource, which becomes part of file names and of names of targets. */
export const resourceId = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** The user of a CHAP account, and its secret. */
export const chapUser = /^[A-Za-z0-9]{1,64}$/;
export const chapSecret = /^[A-Za-z0-9._-]{12,64}$/;

/** Gives the name back, or throws 400 saying which kind of name it should be. The name itself is not repeated. */
export function requireName(pattern: RegExp, name: unknown, what: string): string {
  if (typeof name === 'string' && name.length <= 255 && pattern.test(name)) return name;
  throw badRequest(`Invalid input received: ${what} is not well formed.`);
}

export const requireIscsiName = (name: unknown, what: string): string => {
  if (typeof name === 'string' && name.length <= iscsiNameLength && iscsiName.test(name)) return name;
  throw badRequest(
    `Invalid input received: ${what} is no iSCSI name of at most ${iscsiNameLength} characters, such as iqn.2010-10.org.example:host-1.`,
  );
};

export const macAddress = /^[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}$/;
/** A link that the network service names: `tapName` and `bridgeName`. */
export const linkName = /^[A-Za-z0-9]{15}$/;
/** One word of a host's name, and several of them. */
export const hostLabel = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;
export const domainName =
  /^(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/;
