/**
 * One grammar per kind of name that is passed to another program. The API checks it, and so does the code that calls the
 * program, since rows and messages may come from elsewhere. A test compares these patterns with those of `openapi/`.
 */
import { badRequest } from '#shared/errors/fault.ts';

/** RFC 3720: a name of type iqn., eui. or naa., as initiators and targets have them. */
export const iscsiName =
  /^(?:iqn\.[0-9]{4}-[0-9]{2}\.[A-Za-z0-9][A-Za-z0-9.-]*(?::[A-Za-z0-9._:-]+)?|eui\.[0-9A-Fa-f]{16}|naa\.[0-9A-Fa-f]{16}|naa\.[0-9A-Fa-f]{32})$/;
export const iscsiNameLength = 223;

/** The id of a resource, which becomes part of file names and of names of targets. */
export const resourceId = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** The name of data in a pool: one part of a path, and no option. */
export const poolItemName = /^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,126}$/;

/** The user of a CHAP account, and its secret. */
export const chapUser = /^[A-Za-z0-9]{1,64}$/;
export const chapSecret = /^[A-Za-z0-9._-]{12,64}$/;

/** Returns the name, or throws 400 with `what`, but without the name itself. */
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
/** A result of `tapName` or `bridgeName`. */
export const linkName = /^[A-Za-z0-9]{15}$/;
/** A label of a host name; a domain name is a sequence of labels. */
export const hostLabel = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;
export const domainName =
  /^(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/;
