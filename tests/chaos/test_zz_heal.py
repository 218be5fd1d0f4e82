import pytest, time, os, signal, psutil, sys
from tests.chaos.desk import Desk, wait_until
import threading
def one(desk, name, fault, busy=False):
    desk.start_worker(); desk.add_notes('w',4); desk.wait_for_rest()
    if busy:
        desk.add('test.slow','b',seconds=1.0); wait_until(lambda: desk.diary('begin'),20,'b')
    fault(desk); t=time.time()
    desk.add_notes('n',6); desk.wait_for_rest(90)
    print(f'HEAL {name}: {time.time()-t:.1f} s', flush=True)
def kill(n): return lambda d: d.cast()[n].kill()
FAULTS={
 'busy worker':(lambda d: os.kill(int(d.diary('begin')[0][3]),9),True),
 'idle holder':(lambda d: d.idle_holder().kill(),False),
 'monitor':(kill('monitor'),False),'pusher':(kill('pusher'),False),'guard':(kill('guard'),True),
 'leader':(lambda d: d.leader().kill(),True),'cluster':(lambda d: os.killpg(d.leader().pid,9),True),
 'frozen worker idle holder':(lambda d: d.idle_holder().suspend(),False),
 'frozen guard':(kill('guard') and (lambda d: d.cast()['guard'].suspend()),False),
 'frozen pusher':(lambda d: d.cast()['pusher'].suspend(),False),
 'pg crash':(lambda d: d.crash_server(),True),
 'steward (then restarted)':(lambda d: (d.kill_steward(), d.start_worker()),True),
}
@pytest.mark.parametrize('name',FAULTS)
def test_heal(desk,name):
    f,b=FAULTS[name]; one(desk,name,f,b)
def test_speed(desk):
    desk.add_notes('s',1500)
    desk.start_worker(); t=time.time(); desk.wait_for_rest(120)
    ((a,),)=desk.sql("select 1499/extract(epoch from max(finished_at)-min(started_at)) from jobs_job")
    print('SPEED jobs/s',a)
    desk.forget()
    for i in range(60): desk.add('test.note',f'l{i}'); time.sleep(0.1)
    desk.wait_for_rest()
    print('LAT', desk.sql("select percentile_cont(array[0.5,0.95,1]) within group (order by extract(epoch from started_at-created_at)) from jobs_job"))
    p=psutil.Process(desk.worker.pid)
    print('RSS/PSS', [(m.rss>>20,m.pss>>20) for m in (c.memory_full_info() for c in [p]+p.children(recursive=True))])
    t=time.time(); c0=sum(sum(x.cpu_times()[:2]) for x in [p]+p.children(recursive=True)); time.sleep(20); c1=sum(sum(x.cpu_times()[:2]) for x in [p]+p.children(recursive=True))
    print('IDLE CPU %', (c1-c0)/(time.time()-t)*100)
