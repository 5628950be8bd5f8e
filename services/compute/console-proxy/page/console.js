// The console of one guest. `path` in the URL is the address of the WebSocket; its token is valid for one connection.
import RFB from './core/rfb.js';

const status = document.getElementById('status');
const say = (words) => {
  status.textContent = words;
};

const path = new URLSearchParams(location.search).get('path') ?? '';
const target = new URL(path, new URL('/', location.href));
target.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';

if (target.host !== location.host) say('This URL has another host.');
else {
  const rfb = new RFB(document.getElementById('screen'), target.href, { wsProtocols: ['binary'] });
  rfb.scaleViewport = true;
  let connected = false;
  rfb.addEventListener('connect', () => {
    connected = true;
    say('Connected');
  });
  rfb.addEventListener('desktopname', ({ detail }) => {
    document.title = detail.name;
  });
  rfb.addEventListener('disconnect', () => {
    say(
      connected ? 'The console was closed. Ask for a new URL.' : 'No console: the URL was used already, or is too old.',
    );
  });
  document.getElementById('ctrl-alt-del').addEventListener('click', () => rfb.sendCtrlAltDel());
}
