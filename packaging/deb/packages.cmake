# Debian packages, one per component: `cpack` in the build folder makes them.
# Another revision of the same build: cpack -D CPACK_DEBIAN_PACKAGE_RELEASE=2
set(RINGWALL_MAINTAINER "Ringwall maintainers <maintainers@ringwall.example>" CACHE STRING
    "Maintainer of the Debian packages")

set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "") # each package has its own
set(CPACK_PACKAGE_CONTACT ${RINGWALL_MAINTAINER})
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_STRIP_FILES ON)
set(CPACK_SET_DESTDIR ON) # /etc is outside the prefix
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL agent cli controller)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_SOURCE ringwall)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)

set(deb ${CMAKE_CURRENT_LIST_DIR})

set(CPACK_DEBIAN_CLI_PACKAGE_NAME ringwall)
set(CPACK_DEBIAN_CLI_PACKAGE_SUGGESTS "ringwall-agent, ringwall-controller")
set(CPACK_DEBIAN_CLI_DESCRIPTION "micro-segmentation for Linux: command line
Shows what the Ringwall agent of this host enforces and every connection it
decided on, with the labels, the process and the rule; explains why a
connection is allowed or blocked; pauses or removes enforcement.
.
Without an agent it checks and compiles policy files, as in a CI job.")

set(CPACK_COMPONENT_AGENT_DEPENDS cli)
set(CPACK_DEBIAN_AGENT_PACKAGE_NAME ringwall-agent)
set(CPACK_DEBIAN_AGENT_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers | systemd-sysusers")
set(CPACK_DEBIAN_AGENT_PACKAGE_RECOMMENDS "logrotate")
set(CPACK_DEBIAN_AGENT_PACKAGE_SUGGESTS "bpftool, prometheus")
set(CPACK_DEBIAN_AGENT_PACKAGE_CONTROL_EXTRA
    ${deb}/agent/conffiles ${deb}/agent/postinst ${deb}/agent/prerm ${deb}/agent/postrm)
set(CPACK_DEBIAN_AGENT_DESCRIPTION "micro-segmentation for Linux: agent of a host
Decides in the kernel, once per connection, whether this process may talk to
that labelled peer on that service. Policy names labels and programs, never
addresses; connections are reported with both.
.
Needs Linux 5.10 or newer with BTF and cgroup v2; no kernel module, no
iptables rules. After installation it only watches (mode \"visibility\"): it
blocks nothing until its configuration says so.
.
Enforcement stays in the kernel while the agent is stopped or upgraded.
Removing the package takes it out of the kernel.")

set(CPACK_COMPONENT_CONTROLLER_DEPENDS cli)
set(CPACK_DEBIAN_CONTROLLER_PACKAGE_NAME ringwall-controller)
set(CPACK_DEBIAN_CONTROLLER_PACKAGE_DEPENDS
    "systemd | systemd-standalone-sysusers | systemd-sysusers")
set(CPACK_DEBIAN_CONTROLLER_PACKAGE_SUGGESTS "prometheus, rsyslog")
set(CPACK_DEBIAN_CONTROLLER_PACKAGE_CONTROL_EXTRA
    ${deb}/controller/conffiles ${deb}/controller/postinst ${deb}/controller/prerm
    ${deb}/controller/postrm)
set(CPACK_DEBIAN_CONTROLLER_DESCRIPTION "micro-segmentation for Linux: controller of a fleet
Keeps the labels, workloads and rule sets of a fleet as drafts and numbered
versions, computes what each host has to enforce, and pushes every change to
exactly the agents concerned. Versions are reviewed as a difference, confirmed
or taken back, and rolled back.
.
One binary with an embedded database; REST and command line; agents pair with
a one-line token and are known by certificates of its own authority.")

# /usr/share/doc/PACKAGE: what Debian policy asks for.
configure_file(${deb}/changelog.in changelog.Debian @ONLY)
compressed(changelog.Debian.gz changelog.Debian)
compressed(changelog.gz ${PROJECT_SOURCE_DIR}/CHANGELOG.md)
add_custom_target(package_docs ALL
  DEPENDS ${CMAKE_CURRENT_BINARY_DIR}/changelog.Debian.gz ${CMAKE_CURRENT_BINARY_DIR}/changelog.gz)
foreach(component agent cli controller)
  string(TOUPPER ${component} upper)
  set(package ${CPACK_DEBIAN_${upper}_PACKAGE_NAME})
  install(FILES ${deb}/copyright ${CMAKE_CURRENT_BINARY_DIR}/changelog.Debian.gz
                ${CMAKE_CURRENT_BINARY_DIR}/changelog.gz
          DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${package} COMPONENT ${component})
endforeach()

install(FILES ${deb}/agent/lintian-overrides RENAME ringwall-agent
        DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides COMPONENT agent)

include(CPack)
