import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { changeProject, findSession, logOut, type Machine, type SessionInfo, watchMachines } from './api.ts';
import { Content, Navigation } from './content.ts';
import { html } from './html.ts';
import { Login } from './login.ts';
import { changeLanguage, language, say } from './words.ts';

function App() {
  const [session, setSession] = useState<SessionInfo | null>();
  const [notice, setNotice] = useState('');
  useEffect(() => {
    findSession().then(setSession, () => setSession(null));
  }, []);
  const end = (why: string) => {
    setNotice(why);
    setSession(null);
  };
  if (session === undefined) return null;
  if (session === null) return html`<${Login} notice=${notice} onSession=${setSession} />`;
  return html`<${Page}
    key=${session.project.id}
    session=${session}
    onSession=${setSession}
    onEnd=${() => end(say('app.ended'))}
    onLogOut=${() => void logOut().finally(() => end(''))}
  />`;
}

interface PageProps {
  readonly session: SessionInfo;
  onSession(session: SessionInfo | null): void;
  onEnd(): void;
  onLogOut(): void;
}

function Page({ session, onSession, onEnd, onLogOut }: PageProps) {
  const [machines, setMachines] = useState<readonly Machine[]>();
  const [isThere, setThere] = useState(true);
  useEffect(() => watchMachines({ onMachines: setMachines, onEnd, onLink: setThere }), []);
  return html`<a class="skip" href="#content">${say('app.skip')}</a>
    <header class="bar">
      <b><img src="/page/icon.svg" alt="" width="24" height="24" /> Wattle</b>
      <${Navigation} />
      <${ProjectChoice} session=${session} onSession=${onSession} />
      <button class="quiet" lang=${language === 'de' ? 'en' : 'de'} onClick=${() => changeLanguage(language === 'de' ? 'en' : 'de')}>
        ${say('app.language')}
      </button>
      <span class="user">${session.user}</span>
      <button class="quiet" onClick=${onLogOut}>${say('app.logOut')}</button>
    </header>
    <p role="status" class="notice">${isThere ? '' : say('app.offline')}</p>
    <main id="content" tabindex="-1">
      <${Content} machines=${machines} />
    </main>`;
}

function ProjectChoice({ session, onSession }: Pick<PageProps, 'session' | 'onSession'>) {
  const { project, projects } = session;
  if (projects.length < 2) return html`<span class="project">${project.name}</span>`;
  const change = (event: Event) => void changeProject((event.target as HTMLSelectElement).value).then(onSession);
  return html`<label class="project">
    ${say('app.project')}
    <select onChange=${change}>
      ${projects.map(
        ({ id, name }) => html`<option key=${id} value=${id} selected=${id === project.id}>${name}</option>`,
      )}
    </select>
  </label>`;
}

const place = document.getElementById('app');
if (place) render(html`<${App} />`, place);
