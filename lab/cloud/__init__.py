"""The lab's cloud: a fake AWS whose instances are real hosts on this machine.

A lab is one supervisor process in namespaces of its own, with everything else below it: moto as
AWS, hosts as network namespaces with an sshd each, networks with security groups, names, and a
certificate authority. When the supervisor ends, the kernel ends the rest, and nothing is left.

    supervisor = launch.start(directory)
    subprocess.run(supervisor.enter(["curl", "https://openvidu.example.io/"]))
    supervisor.control.kill_host(instance_id)
    supervisor.stop()

May import `lab.directory`, and nothing else of the project; loads `lab.openvidu` by name, as
what hosts are made of.
"""
