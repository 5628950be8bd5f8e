import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { changeProject, findSession, logOut, type Machine, type SessionInfo, watchMachines } from './api.ts';
import { html } from './html.ts';
import { Login } from './login.ts';
import { Machines } from './machines.ts';
import { NewMachine } from './new-machine.ts';
import { Screen } from './screen.ts';
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
  const [view, setView] = useState<'list' | 'new' | Machine>('list');
  useEffect(() => watchMachines({ onMachines: setMachines, onEnd, onLink: setThere }), []);
  const showList = () => setView('list');
  return html`<a class="skip" href="#content">${say('app.skip')}</a>
    <header class="bar">
      <b><img src="/page/icon.svg" alt="" width="24" height="24" /> Wattle</b>
      <${ProjectChoice} session=${session} onSession=${onSession} />
      <button class="quiet" lang=${language === 'de' ? 'en' : 'de'} onClick=${() => changeLanguage(language === 'de' ? 'en' : 'de')}>
        ${say('app.language')}
      </button>
      <span class="user">${session.user}</span>
      <button class="quiet" onClick=${onLogOut}>${say('app.logOut')}</button>
    </header>
    <p role="status" class="notice">${isThere ? '' : say('app.offline')}</p>
    <main id="content">
      ${
        view === 'list' &&
        html`<div class="head">
            <h1>${say('app.machines')}</h1>
            <button class="main" onClick=${() => setView('new')}>${say('machines.new')}</button>
          </div>
          ${machines && html`<${Machines} machines=${machines} onScreen=${setView} />`}`
      }
      ${view === 'new' && html`<${NewMachine} onDone=${showList} />`}
      ${typeof view === 'object' && html`<${Screen} machine=${view} onClose=${showList} />`}
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
