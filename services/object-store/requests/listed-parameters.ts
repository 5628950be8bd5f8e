/** Entries of symbolic links, large objects and versions have parameters behind their ETag. */

/** What a listing shows of an entry whose ETag has parameters: `md5; symlink_target=c/o`. */
export function listedParameters(
  etag: string,
  account: string,
): { hash: string; more: Record<string, string | number> } {
  const [hash = '', ...parameters] = etag.split('; ');
  if (parameters.length === 0) return { hash, more: {} };
  const all = new Map(parameters.map((each) => [each.slice(0, each.indexOf('=')), each.slice(each.indexOf('=') + 1)]));
  const path = all.get('symlink_target');
  const slo = all.get('slo_etag');
  const fixedEtag = all.get('symlink_target_etag');
  return {
    hash,
    more: {
      ...(slo === undefined ? {} : { slo_etag: `"${slo}"` }),
      ...(path === undefined
        ? {}
        : { symlink_path: `/v1/${all.get('symlink_target_account') ?? encodeURIComponent(account)}/${path}` }),
      ...(fixedEtag === undefined
        ? {}
        : { symlink_etag: fixedEtag, symlink_bytes: Number(all.get('symlink_target_bytes') ?? 0) }),
    },
  };
}
