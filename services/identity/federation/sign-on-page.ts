/** The page that sends a browser back to its dashboard with the token in a POST body, never in a URL. */
import { createHash } from 'node:crypto';
import { own } from '#shared/input/own.ts';

const signs: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text: string) => text.replace(/[&<>"']/g, (sign) => own(signs, sign) ?? '');

const script = "document.getElementById('sso').submit();";
const hash = createHash('sha256').update(script).digest('base64');

/** Allows this one script and no framing or caching. No Referrer-Policy: the dashboard checks the referrer. */
const headers = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': `default-src 'none'; script-src 'sha256-${hash}'; base-uri 'none'; frame-ancestors 'none'`,
  'x-content-type-options': 'nosniff',
};

export const signOnPage = (dashboard: string, token: string) => ({
  headers,
  html: `<!DOCTYPE html>
<html lang="en">
  <head><meta charset="utf-8"><title>Back to the dashboard</title></head>
  <body>
    <form id="sso" name="sso" action="${escaped(dashboard)}" method="post">
      <p>Please wait.</p>
      <input type="hidden" name="token" id="token" value="${escaped(token)}">
      <noscript><input type="submit" value="Continue"></noscript>
    </form>
    <script>${script}</script>
  </body>
</html>
`,
});
