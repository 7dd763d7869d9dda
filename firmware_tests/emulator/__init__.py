"""An ARM Linux board with 64 MiB of memory, booted under qemu on the desktop.

machine = Machine(image.make([(ROOT / 'edgeio', 'opt/app/edgeio')]))
machine.start()
code, output = machine.console.run('uname -m')
"""
